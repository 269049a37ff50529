// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// Takes the outputs of sample after sample and tells the accuracy at the end.
struct AccuracyMeter {
  private let data: DataSet
  /// The largest output's position for each sample.
  private var answers: [Int] = []
  /// The reconstruction error of each recording.
  private var scores: [Double] = []
  /// Samples on which an output is no finite number.
  private var unsoundCount = 0

  /// For the outputs of a graph.
  ///
  /// - Throws: if a label is no class of the graph.
  init(_ data: DataSet, for graph: Graph) throws(Failure) {
    try data.checkLabels(for: graph)
    self.data = data
  }

  /// Enters the outputs of sample `i`; samples come in order.
  ///
  /// - Throws: if the metric does not suit the outputs.
  mutating func add(_ i: Int, _ outputs: [Tensor]) throws(Failure) {
    if !outputs.allSatisfy(\.isFinite) { unsoundCount += 1 }
    switch data.metric {
    case .top1, .none: answers.append(outputs.first.map(Accuracy.largest) ?? 0)
    case .reconstructionAUC:
      if i % data.samplesPerLabel == 0 { scores.append(0) }
      guard let output = outputs.first else { return }
      let input = try data.samples.load(i)
      guard let first = input.first, first.count == output.count else {
        throw Failure("'reconstruction-auc' needs an output like the input")
      }
      scores[scores.count - 1] += Self.meanSquare(output, first) / Double(data.samplesPerLabel)
    }
  }

  /// The accuracy over what was entered.
  var accuracy: Accuracy {
    switch data.metric {
    case .top1, .none:
      guard let labels = data.labels, data.metric == .top1 else {
        return Accuracy(
          value: nil, correct: nil, count: answers.count, metric: .none, answers: answers,
          unsoundCount: unsoundCount)
      }
      let correct = answers.indices.count { answers[$0] == labels[$0 / data.samplesPerLabel] }
      return Accuracy(
        value: answers.isEmpty ? 0 : Double(correct) / Double(answers.count), correct: correct,
        count: answers.count, metric: .top1, answers: answers, unsoundCount: unsoundCount)
    case .reconstructionAUC:
      let area = Accuracy.areaUnderCurve(scores, labels: data.labels ?? [])
      return Accuracy(
        value: area, correct: nil, count: scores.count, metric: .reconstructionAUC, answers: [],
        unsoundCount: unsoundCount)
    }
  }

  private static func meanSquare(_ a: Tensor, _ b: Tensor) -> Double {
    let sum = zip(a.doubles(), b.doubles()).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return a.count == 0 ? 0 : sum / Double(a.count)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// How a graph does on a data set.
struct Accuracy {
  /// The metric's value: a share or an area, from 0 to 1; nil without labels.
  let value: Double?
  /// Correct answers, where the metric counts them.
  let correct: Int?
  let count: Int
  let metric: Metric
  /// The largest output's position for each sample (first output; top-1 only).
  let answers: [Int]
  /// Samples on which an output is no finite number.
  let unsoundCount: Int

  /// `174 of 200 (87.00 %)`.
  var text: String {
    switch metric {
    case .top1:
      let share = NumberText.fixed((value ?? 0) * 100, 2)
      return "\(correct ?? 0) of \(count) (\(share) %)"
    case .reconstructionAUC: return "AUC \(NumberText.fixed(value ?? 0, 4)) over \(count) recordings"
    case .none: return "\(count) samples without labels"
    }
  }

  /// Runs all samples.
  static func measure(
    _ graph: Graph, _ data: DataSet, by runner: any GraphRunner, _ progress: Progress, title: String
  ) throws(Failure) -> Accuracy {
    progress.begin(title, total: data.samples.count)
    defer { progress.end() }
    var meter = try AccuracyMeter(data, for: graph)
    try runner.run(graph, on: data.samples) { (i, outputs) throws(Failure) in
      try meter.add(i, outputs)
      progress.advance(to: i + 1)
    }
    return meter.accuracy
  }

  /// The position of the largest element; of equals the first. A single integer is such a position
  /// itself.
  static func largest(_ tensor: Tensor) -> Int {
    if tensor.count == 1, tensor.element.isInteger {
      return Int(truncatingIfNeeded: tensor.integers()[0])
    }
    let values = tensor.doubles()
    return values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }
  }

  /// The area under the ROC curve by ranks, ties counted half (Mann-Whitney).
  static func areaUnderCurve(_ scores: [Double], labels: [Int]) -> Double {
    let pairs = zip(scores, labels).sorted { $0.0 < $1.0 }
    let positives = pairs.count { $0.1 == 1 }
    let negatives = pairs.count - positives
    guard positives > 0, negatives > 0 else { return 0 }
    var rankSum = 0.0
    var start = 0
    while start < pairs.count {
      var end = start
      while end < pairs.count, pairs[end].0 == pairs[start].0 { end += 1 }
      let rank = Double(start + 1 + end) / 2
      rankSum += rank * Double(pairs[start..<end].count { $0.1 == 1 })
      start = end
    }
    let p = Double(positives)
    return (rankSum - p * (p + 1) / 2) / (p * Double(negatives))
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// Scores graphs on labelled samples for passes.
final class DataScorer: GraphScorer {
  private let data: DataSet
  private let runner: any ModelRunner
  private let progress: Progress
  private var graphCount = 0

  /// - Throws: if the samples have no labels, labels that are no classes of the graph, or only one
  ///   kind of them where the metric needs two.
  init(
    _ data: DataSet, for graph: Graph, by runner: any ModelRunner, _ progress: Progress
  ) throws(Failure) {
    try data.checkLabels(for: graph)
    guard let labels = data.labels, !labels.isEmpty, data.metric != .none else {
      throw Failure("there are no samples with labels to hold back")
    }
    if data.metric == .reconstructionAUC, Set(labels.map { $0 == 1 }).count < 2 {
      throw Failure(
        "all samples held back have labels of one kind, an area under the curve needs both",
        notes: ["every second sample is held back"])
    }
    self.data = data
    self.runner = runner
    self.progress = progress
  }

  var count: Int { data.labels?.count ?? 0 }

  func scores(of graphs: [Graph], against reference: Graph) throws(Failure) -> [GraphScore] {
    graphCount += graphs.count
    let note = "graph \(graphCount)"
    progress.begin("measure choices: \(note)", total: data.samples.count)
    defer { progress.end() }
    let measured = try AnswerMeasurement(
      of: graphs, on: data, against: (reference, data), by: runner
    ) { progress.advance(to: $0) }
    if let unsound = measured.reference?.unsoundCount, unsound > 0 {
      throw Failure(
        "\(unsound) of the samples held back make numbers that are not finite",
        notes: ["nothing can be measured by them: leave them out"])
    }
    return measured.answers.map { answers in
      GraphScore(
        points: 100 * (answers.accuracy.value ?? 0), noise: answers.error?.relativeNoise ?? .infinity)
    }
  }
}

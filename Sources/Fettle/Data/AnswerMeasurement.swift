// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Execution
import GraphIR
import Rewriting
import Tensors

/// What graphs answer on the samples of a data set, all of them on a sample at once, so that no
/// sample's outputs are kept.
struct AnswerMeasurement {
  /// What one graph answers.
  struct Answers {
    let accuracy: Accuracy
    /// How sure the graph is; nil where its output is no choice between classes.
    let confidence: Double?
    /// Against the reference; nil if there is none, or it has outputs of another form.
    let error: OutputError?

    /// Samples on which an output is no finite number.
    var unsoundCount: Int { accuracy.unsoundCount }
  }

  let reference: Answers?
  let answers: [Answers]

  /// - Parameters:
  ///   - reference: what the graphs are compared with, and the samples as its inputs want them.
  ///   - runner: what runs them.
  init(
    of graphs: [Graph], on data: DataSet, against reference: (graph: Graph, data: DataSet)? = nil,
    by runner: any ModelRunner, _ advance: (Int) -> Void
  ) throws(Failure) {
    var meters: [Meter] = []
    for graph in graphs { meters.append(try Meter(graph, data, against: reference?.graph)) }
    var first = try reference.map { (reference) throws(Failure) in
      try Meter(reference.graph, reference.data, against: nil)
    }
    var computes: [@Sendable ([Tensor]) throws(Failure) -> [Tensor]] = []
    for graph in graphs { computes.append(try runner.prepare(graph)) }
    let own = try reference.map { (reference) throws(Failure) in
      (compute: try runner.prepare(reference.graph), samples: reference.data.samples)
    }
    let all = computes
    let samples = data.samples
    let numbers = Samples(count: samples.count) { (i) throws(Failure) in
      [Tensor(scalar: Double(i), .i64)]
    }
    let widths = (reference.map { [$0.graph] } ?? []).map(\.outputs.count) + graphs.map(\.outputs.count)
    try ParallelSamples.run(numbers) { (number) throws(Failure) in
      let i = Int(number[0].integers()[0])
      var outputs: [Tensor] = []
      if let own { outputs += try own.compute(try own.samples.load(i)) }
      let inputs = try samples.load(i)
      for compute in all { outputs += try compute(inputs) }
      return outputs
    } _: { (i, outputs) throws(Failure) in
      var rest = outputs[...]
      var parts: [[Tensor]] = []
      for width in widths {
        parts.append(Array(rest.prefix(width)))
        rest = rest.dropFirst(width)
      }
      let expected = first == nil ? nil : parts.removeFirst()
      if let expected { try first?.add(i, expected, nil) }
      for (position, part) in parts.enumerated() {
        try meters[position].add(i, part, expected)
      }
      advance(i + 1)
    }
    self.reference = first?.answers
    answers = meters.map(\.answers)
  }

  /// Takes the outputs of one graph.
  private struct Meter {
    private var accuracy: AccuracyMeter
    private var confidence: ConfidenceMeter?
    private var error: OutputError?

    init(_ graph: Graph, _ data: DataSet, against reference: Graph?) throws(Failure) {
      accuracy = try AccuracyMeter(data, for: graph)
      confidence = data.metric == .reconstructionAUC ? nil : ConfidenceMeter(graph)
      let types = graph.outputs.map { graph.type(of: $0.value) }
      if let reference, types == reference.outputs.map({ reference.type(of: $0.value) }) {
        error = OutputError()
      }
    }

    mutating func add(_ i: Int, _ outputs: [Tensor], _ expected: [Tensor]?) throws(Failure) {
      try accuracy.add(i, outputs)
      if let output = outputs.first { confidence?.add(output) }
      if let expected { error?.add(expected: expected, found: outputs) }
    }

    var answers: Answers {
      Answers(accuracy: accuracy.accuracy, confidence: confidence?.mean, error: error)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Rewriting
import Tensors

/// The first layer of a graph that C computes otherwise than the evaluator.
struct LayerSearch {
  /// More values than this are not made outputs of one compiled function.
  private static let probeLimit = 2000

  private let graph: Graph
  private let decisions: Decisions
  private let runner: any ModelRunner
  private let limit: Double

  /// A search in a graph whose C is off.
  init(_ graph: Graph, _ decisions: Decisions, by runner: any ModelRunner, limit: Double) {
    self.graph = graph
    self.decisions = decisions
    self.runner = runner
    self.limit = limit
  }

  /// Sentences that name the first tensor that differs, and its layer.
  ///
  /// - Parameter value: one that is known to differ.
  func notes(_ inputs: [Tensor], for value: ValueID) throws(Failure) -> [String] {
    let isCounted = ancestors(of: value)
    let values = graph.opIDs.flatMap { graph.results(of: $0) }.filter { isCounted[$0] }
    var expected = SideTable<ValueRecord, Tensor?>(default: nil)
    _ = try Evaluator(graph).run(inputs, observe: { (value, tensor) throws(Failure) in
      if isCounted[value] { expected[value] = tensor }
    })
    // What decisions make is fed and shown in every probe.
    let others = values.filter { value in
      !(graph.producer(of: value).map { decisions.contains($0) } ?? false)
    }
    let shown = Array(others.suffix(Self.probeLimit))
    let noise = try RoundingNoise(graph, decisions, inputs)
    let reference = try PieceReference(graph, decisions, inputs, share: limit, noise: noise)
    if let text = try firstDifference(showing: shown, values, inputs, expected, reference, noise) {
      return ["the first tensor that differs is \(text)"]
    }
    // The fault is gone if all of them are outputs: one by one then, each beside the graph's own.
    var (good, off) = (-1, others.count - 1)
    var text: String?
    while off - good > 1 {
      let middle = (good + off) / 2
      let found = try firstDifference(
        showing: [others[middle]], [others[middle]], inputs, expected, reference, noise)
      if let found { (off, text) = (middle, found) } else { good = middle }
    }
    let name = text ?? "\(describe(value)), an output of the whole"
    return [
      "the first tensor that differs is \(name)",
      "no tensor differs in a program that shows them all: what is wrong is how ops are fused, where tensors "
        + "are placed, or the C compiler",
    ]
  }

  /// The first of some values that is off in a program that shows them.
  private func firstDifference(
    showing others: [ValueID], _ values: [ValueID], _ inputs: [Tensor],
    _ expected: SideTable<ValueRecord, Tensor?>, _ reference: PieceReference, _ noise: RoundingNoise
  ) throws(Failure) -> String? {
    let probe = PieceProbe(graph, decisions, showing: others)
    var allowances = SideTable<ValueRecord, Allowance?>(default: nil)
    for (value, allowance) in reference.allowances { allowances[value] = allowance }
    let given = inputs + probe.fed.compactMap { allowances[$0]?.expected }
    var found = SideTable<ValueRecord, Tensor?>(default: nil)
    let tensors = try runner.prepare(probe.graph)(given).dropFirst(graph.outputs.count)
    for (value, tensor) in zip(probe.shown, tensors) { found[value] = tensor }
    for value in values {
      guard let wanted = expected[value], let tensor = found[value] else { continue }
      let gap = TensorGap(expected: wanted, found: tensor)
      let isOff =
        if let allowance = allowances[value] {
          allowance.judge(tensor).fault != nil
        } else {
          gap.relative > decisions.tolerance(of: value, limit: limit) && gap.absolute > noise.distance(of: value)
        }
      if isOff { return describe(value, " \(gap.text)") }
    }
    return nil
  }

  private func describe(_ value: ValueID, _ gap: String = "") -> String {
    let name = OpText.value(value, in: graph)
    guard let op = graph.producer(of: value) else { return name + gap }
    let layers = OpText.layers(graph.location(of: op))
    let kind = OpText.kind(op, in: graph)
    return "\(name)\(gap), made by the \(layers.isEmpty ? kind : "\(kind) of layer \(layers)")"
  }

  /// A value and all that it is computed from.
  private func ancestors(of value: ValueID) -> SideTable<ValueRecord, Bool> {
    var found = SideTable<ValueRecord, Bool>(default: false)
    var open = [value]
    while let next = open.popLast() {
      guard !found[next] else { continue }
      found[next] = true
      guard let op = graph.producer(of: next) else { continue }
      open += graph.operands(of: op).compactMap { $0 }
    }
    return found
  }
}

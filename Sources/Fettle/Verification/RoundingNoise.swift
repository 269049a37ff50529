// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Tensors

/// How far values may be off because floats are rounded on the way, where the share of the largest says nothing: where sums cancel,
/// what is left is rounding, of any size beside the value itself. Found by stochastic arithmetic (Vignes, "A stochastic arithmetic for
/// reliable scientific computation", 1993): the graph is evaluated again with every float that an inexact op reads moved by a few units of
/// its rounding, up or down by chance.
struct RoundingNoise {
  /// How far operands are moved, as a share of the largest of their tensor: what sums of f32 in another order are off by.
  private static let unit = 0x1p-22
  private static let runCount = 3
  /// The largest movement seen in so few runs may not be the largest there is.
  private static let margin = 4.0

  private var distances = SideTable<ValueRecord, Double>(default: 0)

  /// Evaluates a graph taken apart at its decisions, each piece fed the evaluator's own integers.
  init(_ graph: Graph, _ decisions: Decisions, _ inputs: [Tensor]) throws(Failure) {
    var expected = SideTable<ValueRecord, Tensor?>(default: nil)
    _ = try Evaluator(graph).run(inputs, observe: { (value, tensor) throws(Failure) in expected[value] = tensor })
    var generator = SplitMix64(seed: 1)
    var distances = SideTable<ValueRecord, Double>(default: 0)
    for _ in 0..<Self.runCount {
      _ = try Evaluator(graph).run(
        inputs,
        observe: { (value, tensor) throws(Failure) in
          guard decisions.isNear(value), let wanted = expected[value] else { return }
          distances[value] = max(distances[value], TensorGap(expected: wanted, found: tensor).absolute * Self.margin)
        },
        exchange: { (op, operands) throws(Failure) in
          let isInexact = graph.results(of: op).contains { decisions.isNear($0) }
          return zip(graph.operands(of: op), operands).map { value, tensor in
            guard let value, let tensor, graph.tensor(value) == nil else { return tensor }
            let isDecided = graph.producer(of: value).map { decisions.contains($0) } ?? false
            let source = isDecided ? expected[value] ?? tensor : tensor
            return isInexact && source.element.isFloat ? Self.moved(source, &generator) : source
          }
        })
    }
    self.distances = distances
  }

  private static func moved(_ tensor: Tensor, _ generator: inout SplitMix64) -> Tensor {
    let values = tensor.doubles()
    let largest = values.reduce(0) { max($0, $1.isFinite ? abs($1) : 0) }
    guard largest > 0 else { return tensor }
    // Subnormal numbers are rounded to a fixed step.
    let distance = max(unit * largest, Double(Float.leastNonzeroMagnitude))
    return Tensor(tensor.type, rounding: values.map { $0 + (generator.next() >> 63 == 0 ? distance : -distance) })
  }

  /// How far a value may be off, the same for all its elements; infinite where rounding decides whether it is finite.
  func distance(of value: ValueID) -> Double { distances[value] }
}

/// The noise of one input, measured when it is first asked for: that takes some evaluations.
struct MeasuredNoise {
  private let graph: Graph
  private let decisions: Decisions
  private let inputs: [Tensor]
  private var known: RoundingNoise?

  init(_ graph: Graph, _ decisions: Decisions, _ inputs: [Tensor]) {
    self.graph = graph
    self.decisions = decisions
    self.inputs = inputs
  }

  /// The noise.
  mutating func measure() throws(Failure) -> RoundingNoise {
    if let known { return known }
    let noise = try RoundingNoise(graph, decisions, inputs)
    known = noise
    return noise
  }

  /// Whether a value is off by no more than rounding on the way moves it by.
  mutating func explains(_ gap: TensorGap, at value: ValueID) throws(Failure) -> Bool {
    guard decisions.isNear(value), gap.absolute.isFinite else { return false }
    return gap.absolute <= (try measure()).distance(of: value)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Tensors

/// What the evaluator makes of a graph on one input, and what it allows C to make.
struct PieceReference {
  /// The outputs, by port.
  let outputs: [Tensor]
  /// The results of decisions with what is allowed for them, in the order of the graph.
  let allowances: [(value: ValueID, allowance: Allowance)]

  /// Evaluates a graph.
  ///
  /// - Parameters:
  ///   - share: how far floats may be off, as a share of the largest of their tensor.
  ///   - noise: how far rounding alone may move them, if that is known; the wider of the two counts.
  init(
    _ graph: Graph, _ decisions: Decisions, _ inputs: [Tensor], share: Double, noise: RoundingNoise? = nil
  ) throws(Failure) {
    var allowances: [(value: ValueID, allowance: Allowance)] = []
    outputs = try Evaluator(graph).run(
      inputs,
      exchange: { (op, operands) throws(Failure) in
        guard decisions.contains(op) else { return operands }
        let results = graph.results(of: op)
        let allowed = try Allowance.all(
          graph.definition(of: op), operands, resultTypes: results.map { graph.type(of: $0) },
          tolerances: Self.tolerances(graph, op, operands, decisions, share, noise))
        for (value, allowance) in zip(results, allowed) { allowances.append((value, allowance)) }
        return operands
      })
    self.allowances = allowances
  }

  /// The outputs if each float that something is decided by is off by the tolerance, up or down by
  /// chance; and if each is off the other way. What is close to a middle goes to its other side in one
  /// of the two.
  static func moved(
    _ graph: Graph, _ decisions: Decisions, _ inputs: [Tensor], share: Double
  ) throws(Failure) -> [[Tensor]] {
    var all: [[Tensor]] = []
    for way in [1.0, -1] {
      var generator = SplitMix64(seed: 1)
      let outputs = try Evaluator(graph).run(
        inputs,
        exchange: { (op, operands) throws(Failure) in
          guard decisions.contains(op) else { return operands }
          let distances = tolerances(graph, op, operands, decisions, share)
          return zip(operands, distances).map { operand, distance in
            guard let operand, distance > 0 else { return operand }
            let values = operand.doubles().map { value in
              value + (generator.next() >> 63 == 0 ? way : -way) * distance
            }
            return Tensor(operand.type, rounding: values)
          }
        })
      all.append(outputs)
    }
    return all
  }

  /// By slot how far an operand may be off.
  private static func tolerances(
    _ graph: Graph, _ op: OpID, _ operands: [Tensor?], _ decisions: Decisions, _ share: Double,
    _ noise: RoundingNoise? = nil
  ) -> [Double] {
    zip(graph.operands(of: op), operands).map { value, tensor in
      guard let value, let tensor, decisions.isNear(value) else { return 0 }
      let largest = tensor.doubles().reduce(0) { max($0, $1.isFinite ? abs($1) : 0) }
      return max(share * largest, noise?.distance(of: value) ?? 0)
    }
  }
}

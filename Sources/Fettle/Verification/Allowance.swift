// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Tensors

/// What C may make of a decision whose float operands it may have summed in another order: what the
/// evaluator makes, or what it makes of operands moved by the tolerance, and no more than one step
/// from it. An integer may so be on the other side of a middle only where the evaluator's value before
/// rounding is that close to the middle.
struct Allowance {
  /// What the evaluator makes.
  let expected: Tensor
  private let rule: Rule

  private enum Rule {
    /// Between the results of the operands' ends, at most so far from the expected one.
    case between(ends: [Tensor], step: Double)
    /// Remainders: by element as far as the dividend may be off, also through the end of a period to the start of the next.
    case periodic(distances: [Double], periods: [Double])
    /// Any position whose element is as large as the largest, or as small as the smallest.
    case tied(ScoredPositions)
  }

  /// How a result is judged.
  struct Judgement {
    /// Elements that are another than the evaluator's, but allowed.
    var stepped = 0
    /// The first element that is not.
    var fault: (position: Int, found: Double, expected: Double)?
  }

  /// What is allowed for each result of a decision.
  ///
  /// - Parameters:
  ///   - tolerances: by slot how far an operand may be off; 0 for those that are exact.
  static func all(
    _ definition: any OpDefinition, _ operands: [Tensor?], resultTypes: [TensorType],
    tolerances: [Double]
  ) throws(Failure) -> [Allowance] {
    guard let op = definition as? any Evaluable else { return [] }
    let results = try op.evaluate(slots: operands, resultTypes: resultTypes)
    if let positions = ScoredPositions(definition, operands, tolerances) {
      return results.map { Allowance(expected: $0, rule: .tied(positions)) }
    }
    if let rule = try Self.remainders(definition, operands, resultTypes, tolerances) {
      return results.map { Allowance(expected: $0, rule: rule) }
    }
    let ends = try Self.ends(op, operands, resultTypes, tolerances, expected: results)
    let step = Self.jumps(definition) ? Double.infinity : 1
    return results.indices.map { i in
      Allowance(expected: results[i], rule: .between(ends: ends.map { $0[i] }, step: step))
    }
  }

  /// Whether the result may move by more than one: a sign where the operand passes 0, a float that is rounded where it is so large
  /// that the tolerance spans several integers.
  private static func jumps(_ definition: any OpDefinition) -> Bool { definition is Binary || definition is Unary }

  /// The rule of a remainder, which does not grow with its dividend, so that the ends of a tolerance do not bound it; nil for other ops.
  private static func remainders(
    _ definition: any OpDefinition, _ operands: [Tensor?], _ types: [TensorType], _ tolerances: [Double]
  ) throws(Failure) -> Rule? {
    guard let op = definition as? Binary, op.function == .mod || op.function == .fmod, operands.count == 2,
      let dividend = operands[0], let divisor = operands[1]
    else { return nil }
    // Each operand as it meets the other: a sum with zeros of the other's shape.
    func met(_ slots: [Tensor?]) throws(Failure) -> [Double] {
      try Binary(.add).evaluate(slots: slots, resultTypes: types)[0].doubles()
    }
    let dividends = try met([dividend, Tensor(divisor.type, rounding: divisor.doubles().map { _ in 0 })])
    let periods = try met([Tensor(dividend.type, rounding: dividend.doubles().map { _ in 0 }), divisor]).map { abs($0) }
    let distances = zip(dividends, periods).map { tolerances[0] + (abs($0 / $1) + 1) * tolerances[1] }
    return .periodic(distances: distances, periods: periods)
  }

  /// The results for operands at the ends of their tolerances, all combinations.
  private static func ends(
    _ op: any Evaluable, _ operands: [Tensor?], _ types: [TensorType], _ tolerances: [Double],
    expected: [Tensor]
  ) throws(Failure) -> [[Tensor]] {
    if let cast = op as? Cast, cast.to == .bool, let x = operands[0] {
      let isSure = x.doubles().map { abs($0) > tolerances[0] ? 1.0 : 0 }
      return [[Tensor(types[0], rounding: isSure)], [Tensor(types[0], rounding: isSure.map { _ in 1 })]]
    }
    if let binary = op as? Binary, binary.function == .equal {
      // Equal may be what is less on one end and not on the other.
      let less = try ends(Binary(.less), operands, types, tolerances, expected: expected)
        .map { $0[0].doubles() }
      let sure = expected[0].doubles()
      let isOpen = sure.indices.map { i in less.contains { $0[i] != less[0][i] } }
      return [0.0, 1].map { end in
        [Tensor(types[0], rounding: zip(sure, isOpen).map { $1 ? end : $0 })]
      }
    }
    var combinations: [[Tensor?]] = [[]]
    for (operand, tolerance) in zip(operands, tolerances) {
      var choices = [operand]
      if let operand, tolerance > 0 {
        choices = [-tolerance, tolerance].map { moved(operand, by: $0) }
      }
      combinations = combinations.flatMap { known in choices.map { known + [$0] } }
    }
    var results: [[Tensor]] = []
    for operands in combinations {
      results.append(try op.evaluate(slots: operands, resultTypes: types))
    }
    return results
  }

  /// A tensor with a number added to each element.
  private static func moved(_ tensor: Tensor, by distance: Double) -> Tensor {
    Tensor(tensor.type, rounding: tensor.doubles().map { $0 + distance })
  }

  /// Compares what C made with what is allowed.
  func judge(_ found: Tensor) -> Judgement {
    var judgement = Judgement()
    let (wanted, got) = (expected.doubles(), found.doubles())
    var ends: [[Double]] = []
    if case .between(let tensors, _) = rule { ends = tensors.map { $0.doubles() } }
    for (i, (x, y)) in zip(wanted, got).enumerated() where x != y && !(x.isNaN && y.isNaN) {
      let isAllowed =
        switch rule {
        case .between(_, let step):
          abs(x - y) <= step && y >= ends.reduce(x) { min($0, $1[i]) }
            && y <= ends.reduce(x) { max($0, $1[i]) }
        case .periodic(let distances, let periods):
          abs(x - y) <= distances[i] || abs(abs(x - y) - periods[i]) <= distances[i]
        case .tied(let positions): positions.isTied(y, with: x, at: i)
        }
      if isAllowed {
        judgement.stepped += 1
      } else if judgement.fault == nil {
        judgement.fault = (i, y, x)
      }
    }
    return judgement
  }
}

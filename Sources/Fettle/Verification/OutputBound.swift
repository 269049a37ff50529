// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// How far an output of the emitted program, nothing of which is fed, may be from the evaluator's.
enum OutputBound {
  /// Only integers, movements and single roundings lead to it: not at all.
  case exact
  /// Floats are summed on the way, nothing is decided by them: by a share of the largest.
  case share(Double)
  /// A decision on floats that come after no other decision: by what is allowed for it.
  case decision(Allowance)
  /// After decisions: by twice what the evaluator's own output moves by if all floats before a
  /// decision are off by the tolerance, up or down, so that all that are close to a middle go to the
  /// other side of it; and a share of the largest for the floats after them, and a step of its own rounding.
  case absolute(Double)
  /// A position or truth value after other decisions, for which no distance means anything: its
  /// pieces alone are compared.
  case none

  /// The bound of an output.
  ///
  /// - Parameter moved: the output with floats moved, one way and the other; asked for where it is needed.
  init(
    of value: ValueID, _ expected: Tensor, in graph: Graph, _ decisions: Decisions,
    _ reference: PieceReference, limit: Double, moved: () throws(Failure) -> [Tensor]
  ) throws(Failure) {
    guard decisions.isAfterDecision(value) else {
      self = decisions.isNear(value) ? .share(limit) : .exact
      return
    }
    if let (op, result) = Self.decision(before: value, in: graph, decisions) {
      let isFirst = !graph.operands(of: op).contains { $0.map { decisions.isAfterDecision($0) } ?? false }
      if isFirst, let known = reference.allowances.first(where: { $0.value == result }) {
        self = .decision(known.allowance)
        return
      }
      let definition = graph.definition(of: op)
      if definition is ArgReduce || definition is MaxPoolIndices
        || graph.type(of: result).element == .bool
      {
        self = .none
        return
      }
    }
    var farthest = 0.0
    var largest = 0.0
    for tensor in try moved() {
      let gap = TensorGap(expected: expected, found: tensor)
      farthest = max(farthest, gap.absolute)
      largest = gap.scale
    }
    self = .absolute(limit * largest + 2 * farthest + Self.step(of: value, in: graph))
  }

  /// The decision whose result a value is, in the same order of elements.
  private static func decision(
    before value: ValueID, in graph: Graph, _ decisions: Decisions
  ) -> (op: OpID, result: ValueID)? {
    var value = value
    while let op = graph.producer(of: value) {
      if decisions.contains(op) { return (op, value) }
      guard let operand = graph.operands(of: op)[0] else { return nil }
      switch graph.definition(of: op) {
      case is Reshape: break
      case let cast as Cast where cast.keepsValues(of: graph.type(of: operand).element): break
      default: return nil
      }
      value = operand
    }
    return nil
  }

  /// The distance of neighbours among the values that an output can have.
  private static func step(of value: ValueID, in graph: Graph) -> Double {
    if !graph.type(of: value).element.isFloat { return 1 }
    guard let op = graph.producer(of: value), graph.definition(of: op) is Dequantize,
      let scale = graph.operands(of: op)[1].flatMap({ graph.tensor($0) })
    else { return 0 }
    // A factor for the rounding of products.
    return scale.doubles().reduce(0) { max($0, abs($1)) } * 1.0001
  }

  /// Whether an output is within the bound.
  func allows(_ found: Tensor, _ expected: Tensor) -> Bool {
    let gap = TensorGap(expected: expected, found: found)
    return switch self {
    case .exact: gap.absolute == 0
    case .share(let limit): gap.relative <= limit
    case .decision(let allowance): allowance.judge(found).fault == nil
    case .absolute(let distance): gap.absolute <= distance
    case .none: true
    }
  }

  /// What a difference is more than.
  var text: String {
    switch self {
    case .exact: "and integers are the same in any correct C"
    case .share(let limit): "more than \(limit) of the largest"
    case .decision: "more than a step, or farther from a middle than floats are off"
    case .absolute(let distance):
      "more than \(Float(distance)), which is twice what rounding the other way moves it by"
    case .none: unreachable("any difference is allowed")
    }
  }
}

extension Cast {
  /// Whether every value of an element type stays what it is.
  fileprivate func keepsValues(of element: ElementType) -> Bool {
    if element == to { return true }
    if element.isFloat { return to.isFloat && to.bitCount > element.bitCount }
    // A whole number with no more bits than the significand of the float.
    if to.isFloat { return element.bitCount <= (to == .f64 ? 53 : to == .f32 ? 24 : 8) }
    guard to.bitCount > element.bitCount, let all = to.integerRange, let own = element.integerRange else { return false }
    return all.contains(own)
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// Looks for a pattern around an op. The search goes from the root toward the operands, as deep as the pattern is, and tries
/// operands that may change places both ways; a reading counts only if the rule's conditions hold for it.
struct RuleMatcher {
  /// Asks conditions of a reading and says what would come of it.
  typealias Acceptance = (RuleMatch) throws(Declined) -> RulePlan

  /// Ops that are looked at for one root at most: a pattern of many commutative ops has very many readings.
  static let stepLimit = 1024

  let pattern: RulePattern
  private var steps = 0
  /// The first reason why a reading failed, of the reading that came furthest.
  private var reason = ""
  private var reach = -1

  init(_ pattern: RulePattern) { self.pattern = pattern }

  /// The first reading with the op as the pattern's root that is accepted.
  mutating func plan(
    _ root: OpID, in graph: Graph, attributeCount: Int, _ accept: Acceptance
  ) throws(Declined) -> RulePlan {
    var start = RuleMatch(
      values: Array(repeating: .free, count: pattern.values.count),
      attributes: Array(repeating: nil, count: attributeCount))
    for (result, value) in zip(pattern.ops[pattern.root].results, graph.results(of: root)) {
      start.values[result] = .bound(value)
    }
    guard let found = match(from: 0, start, graph, accept) else { throw Declined(reason) }
    return found
  }

  /// Matches the ops from a position of the order on. The recursion is as deep as the pattern has ops.
  private mutating func match(
    from position: Int, _ match: RuleMatch, _ graph: Graph, _ accept: Acceptance
  ) -> RulePlan? {
    guard position < pattern.order.count else {
      do throws(Declined) {
        return try accept(match)
      } catch {
        return fail(position, error.description)
      }
    }
    let op = pattern.ops[pattern.order[position]]
    steps += 1
    guard steps <= Self.stepLimit else { return fail(.max, "the pattern has too many readings") }
    guard let id = producer(of: op, match, graph) else { return fail(position, op.reasons.kind) }
    let definition = graph.definition(of: id)
    switch op.template.compare(definition) {
    case .same: break
    case .otherKind: return fail(position, op.reasons.kind)
    case .otherAttribute(let field): return fail(position, op.reasons.attributes[field])
    }
    var bound = match
    for (result, value) in zip(op.results, graph.results(of: id)) {
      guard bind(result, value, &bound, graph) else { return fail(position, op.reasons.operands) }
    }
    for (field, slot) in op.holes {
      guard let value = op.template.attribute(field, of: definition), bound.bind(slot, value) else {
        return fail(position, op.reasons.attributes[field])
      }
    }
    let operands = graph.operands(of: id)
    if let next = self.operands(op, operands, bound, graph),
      let found = self.match(from: position + 1, next, graph, accept)
    {
      return found
    }
    if operands.count >= 2, op.operands.count >= 2, definition.isCommutative {
      var swapped = operands
      swapped.swapAt(0, 1)
      if let next = self.operands(op, swapped, bound, graph),
        let found = self.match(from: position + 1, next, graph, accept)
      {
        return found
      }
    }
    return fail(position, op.reasons.operands)
  }

  /// The op that makes the results of a pattern's op, one of which is bound.
  private func producer(of op: RulePattern.Op, _ match: RuleMatch, _ graph: Graph) -> OpID? {
    for (position, result) in op.results.enumerated() {
      guard let value = match.values[result].value else { continue }
      guard case .result(let id, position) = graph.source(of: value),
        graph.results(of: id).count == op.results.count
      else { return nil }
      return id
    }
    return nil
  }

  private func operands(
    _ op: RulePattern.Op, _ operands: [ValueID?], _ match: RuleMatch, _ graph: Graph
  ) -> RuleMatch? {
    guard operands.count <= op.operands.count else { return nil }
    var bound = match
    for (slot, wanted) in op.operands.enumerated() {
      let operand = slot < operands.count ? operands[slot] : nil
      switch wanted {
      case .absent: guard operand == nil else { return nil }
      case .number(let number, let tolerance):
        guard let operand, let tensor = graph.tensor(operand),
          tensor.isSplat(of: number, tolerance)
        else { return nil }
      case .value(let value):
        guard bind(value, operand, &bound, graph) else { return nil }
      }
    }
    return bound
  }

  /// Binds a tensor of the pattern, or tells whether it is bound to this one.
  private func bind(
    _ slot: Int, _ operand: ValueID?, _ match: inout RuleMatch, _ graph: Graph
  ) -> Bool {
    let wanted = pattern.values[slot]
    guard let operand else {
      guard wanted.isOptional, match.values[slot].value == nil else { return false }
      match.values[slot] = .absent
      return true
    }
    let isFree = match.values[slot] == .free
    guard isFree || match.values[slot] == .bound(operand) else { return false }
    if case .constant = wanted.role, graph.tensor(operand) == nil { return false }
    if let type = wanted.type, !type.matches(graph.type(of: operand), &match) { return false }
    match.values[slot] = .bound(operand)
    return true
  }

  private mutating func fail(_ position: Int, _ why: String) -> RulePlan? {
    if position > reach { (reach, reason) = (position, why) }
    return nil
  }
}

extension Tensor {
  /// Whether all elements are a number, rounded to their type.
  func isSplat(of number: Double, _ tolerance: Double) -> Bool {
    if element.isInteger, tolerance == 0, number.rounded() != number { return false }
    guard let value = uniformValue else { return false }
    if value == number { return true }
    if tolerance > 0 { return abs(value - number) <= tolerance }
    return element.isFloat && Tensor(scalar: number, element).doubles().first == value
  }
}

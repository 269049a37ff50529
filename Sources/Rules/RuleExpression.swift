// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// An expression in a rule. The parser has checked kinds and bounded the depth.
indirect enum RuleExpression: Sendable {
  case literal(RuleValue)
  /// The attribute hole of a number.
  case attribute(Int)
  /// The tensor of a number.
  case value(Int)
  case list([RuleExpression], isWords: Bool)
  case call(RuleFunction, [RuleExpression])
  case arithmetic(RuleArithmetic, RuleExpression, RuleExpression)
  case compare(Comparison, RuleExpression, RuleExpression)
  case not(RuleExpression)
  case both(RuleExpression, RuleExpression)
  case either(RuleExpression, RuleExpression)
  case choice(RuleExpression, RuleExpression, RuleExpression)

  /// How two values are compared.
  enum Comparison: String, CaseIterable, Sendable {
    case equal = "=="
    case notEqual = "!="
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case less = "<"
    case greater = ">"
    case contained = "in"
  }

  /// The value under what a match has bound.
  func evaluate(_ match: RuleMatch, _ graph: Graph) throws(Declined) -> RuleValue {
    switch self {
    case .literal(let value): return value
    case .attribute(let slot):
      guard let value = match.attributes[slot] else { throw Declined("a hole is not bound") }
      return value
    case .value(let slot): return .value(match.values[slot].value)
    case .list(let entries, let isWords):
      var values: [RuleValue] = []
      for entry in entries { values.append(try entry.evaluate(match, graph)) }
      return Self.list(values, isWords: isWords)
    case .call(let function, let arguments):
      var values: [RuleValue] = []
      for argument in arguments { values.append(try argument.evaluate(match, graph)) }
      return try function.body(values, graph)
    case .arithmetic(let operation, let a, let b):
      return try operation.apply(
        try a.evaluate(match, graph), try b.evaluate(match, graph))
    case .compare(let comparison, let a, let b):
      return .bool(
        try comparison.holds(try a.evaluate(match, graph), try b.evaluate(match, graph)))
    case .not(let inner): return .bool(!(try inner.isTrue(match, graph)))
    case .both(let a, let b):
      guard try a.isTrue(match, graph) else { return .bool(false) }
      return .bool(try b.isTrue(match, graph))
    case .either(let a, let b):
      if try a.isTrue(match, graph) { return .bool(true) }
      return .bool(try b.isTrue(match, graph))
    case .choice(let condition, let a, let b):
      return try (try condition.isTrue(match, graph) ? a : b).evaluate(match, graph)
    }
  }

  /// Whether a condition holds.
  func isTrue(_ match: RuleMatch, _ graph: Graph) throws(Declined) -> Bool {
    try evaluate(match, graph) == .bool(true)
  }

  private static func list(_ values: [RuleValue], isWords: Bool) -> RuleValue {
    if isWords {
      return .words(values.map(\.text))
    }
    let integers = values.compactMap { if case .int(let value) = $0 { value } else { nil } }
    if integers.count == values.count { return .ints(integers) }
    return .numbers(values.compactMap(\.double))
  }
}

extension RuleExpression.Comparison {
  /// Whether the comparison holds for values of kinds that go together.
  fileprivate func holds(_ a: RuleValue, _ b: RuleValue) throws(Declined) -> Bool {
    switch self {
    case .equal: return a.equals(b)
    case .notEqual: return !a.equals(b)
    case .contained: return contains(b, a)
    case .lessOrEqual, .greaterOrEqual, .less, .greater: break
    }
    guard let x = a.double, let y = b.double else { throw Declined("there is no order") }
    if case .int(let x) = a, case .int(let y) = b { return isOrdered(x, y) }
    return isOrdered(x, y)
  }

  private func isOrdered<Number: Comparable>(_ a: Number, _ b: Number) -> Bool {
    switch self {
    case .lessOrEqual: a <= b
    case .greaterOrEqual: a >= b
    case .less: a < b
    case .greater: a > b
    case .equal, .notEqual, .contained: a == b
    }
  }

  private func contains(_ list: RuleValue, _ entry: RuleValue) -> Bool {
    switch (list, entry) {
    case (.words(let words), .word(let word)): return words.contains(word)
    case (.words(let words), .words(let some)): return some.allSatisfy(words.contains)
    case (.ints(let list), _) where entry.integers != nil:
      return (entry.integers ?? []).allSatisfy(list.contains)
    default:
      let all = list.doubles ?? []
      return (entry.doubles ?? []).allSatisfy(all.contains)
    }
  }
}

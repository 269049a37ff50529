// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Arithmetic of rules: on integers, numbers, and lists of them, entry by entry. What has no result declines.
enum RuleArithmetic: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case max, min
  /// The integer quotient, rounded down.
  case quotient = "div"
  /// The remainder with the sign of the divisor.
  case remainder = "mod"

  /// The most entries that a list may have.
  static let listLimit = 4096

  /// The kind of the result, or nil if the kinds do not go together.
  func kind(_ a: RuleKind, _ b: RuleKind) -> RuleKind? {
    guard let joined = a.joined(with: b) else { return nil }
    switch self {
    case .add, .subtract, .multiply, .max, .min: return joined
    case .divide: return joined == .int || joined == .number ? .number : .numbers
    case .quotient, .remainder: return joined == .int || joined == .ints ? joined : nil
    }
  }

  /// The result for operands of kinds that go together.
  func apply(_ a: RuleValue, _ b: RuleValue) throws(Declined) -> RuleValue {
    if self != .divide, let x = a.integers, let y = b.integers {
      if case .int(let p) = a, case .int(let q) = b { return .int(try integer(p, q)) }
      let (p, q) = try Self.paired(a, x, b, y)
      var list: [Int] = []
      for (p, q) in zip(p, q) { list.append(try integer(p, q)) }
      return .ints(list)
    }
    if let p = a.double, let q = b.double { return .number(number(p, q)) }
    guard let x = a.doubles, let y = b.doubles else { throw Declined("there is no number") }
    let (p, q) = try Self.paired(a, x, b, y)
    return .numbers(zip(p, q).map(number))
  }

  /// Lists of one length: a scalar is repeated.
  private static func paired<Element>(
    _ a: RuleValue, _ x: [Element], _ b: RuleValue, _ y: [Element]
  ) throws(Declined) -> ([Element], [Element]) {
    func isScalar(_ value: RuleValue) -> Bool { value.double != nil }
    if isScalar(a) { return (Array(repeating: x[0], count: y.count), y) }
    if isScalar(b) { return (x, Array(repeating: y[0], count: x.count)) }
    guard x.count == y.count else {
      throw Declined("lists of \(x.count) and \(y.count) entries do not go together")
    }
    return (x, y)
  }

  private func integer(_ a: Int, _ b: Int) throws(Declined) -> Int {
    let (result, overflow) =
      switch self {
      case .add: a.addingReportingOverflow(b)
      case .subtract: a.subtractingReportingOverflow(b)
      case .multiply: a.multipliedReportingOverflow(by: b)
      case .max: (Swift.max(a, b), false)
      case .min: (Swift.min(a, b), false)
      case .quotient, .divide: Self.floored(a, b).quotient
      case .remainder: Self.floored(a, b).remainder
      }
    guard !overflow else { throw Declined("\(a) \(rawValue) \(b) has no value") }
    return result
  }

  private static func floored(
    _ a: Int, _ b: Int
  ) -> (quotient: (Int, Bool), remainder: (Int, Bool)) {
    let (quotient, overflow) = a.dividedReportingOverflow(by: b)
    let (remainder, overflow2) = a.remainderReportingOverflow(dividingBy: b)
    guard !overflow, !overflow2 else { return ((0, true), (0, true)) }
    guard remainder != 0, (remainder < 0) != (b < 0) else {
      return ((quotient, false), (remainder, false))
    }
    return ((quotient - 1, false), (remainder + b, false))
  }

  private func number(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .max: Swift.max(a, b)
    case .min: Swift.min(a, b)
    case .quotient: (a / b).rounded(.down)
    case .remainder: a - b * (a / b).rounded(.down)
    }
  }
}

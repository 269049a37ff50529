// SPDX-License-Identifier: Apache-2.0

/// An integer of arithmetic on numbers that files and users give: what does not fit into an `Int` has no value,
/// and neither has anything computed from it. All such arithmetic is done in it, so that none can trap.
public struct Checked: Hashable, Sendable, ExpressibleByIntegerLiteral {
  /// The number, or nil if it or a number it was computed from does not fit.
  public let value: Int?

  /// A number that fits.
  public init(_ value: Int) { self.value = value }

  /// A number of any integer type; without a value if it does not fit.
  public init(_ value: some BinaryInteger) { self.value = Int(exactly: value) }

  /// A number as a literal.
  public init(integerLiteral value: Int) { self.value = value }

  private init(_ result: (partialValue: Int, overflow: Bool)?) {
    value = result.flatMap { $0.overflow ? nil : $0.partialValue }
  }

  /// The sum; it has no value if an operand has none or an `Int` does not hold it.
  public static func + (a: Checked, b: Checked) -> Checked {
    Checked(both(a, b) { $0.addingReportingOverflow($1) })
  }

  /// The difference, with or without a value as a sum.
  public static func - (a: Checked, b: Checked) -> Checked {
    Checked(both(a, b) { $0.subtractingReportingOverflow($1) })
  }

  /// The product, with or without a value as a sum.
  public static func * (a: Checked, b: Checked) -> Checked {
    Checked(both(a, b) { $0.multipliedReportingOverflow(by: $1) })
  }

  /// The quotient rounded to zero; division by zero has no value.
  public static func / (a: Checked, b: Checked) -> Checked {
    Checked(both(a, b) { $0.dividedReportingOverflow(by: $1) })
  }

  /// Adds a number.
  public static func += (a: inout Checked, b: Checked) { a = a + b }
  /// Multiplies by a number.
  public static func *= (a: inout Checked, b: Checked) { a = a * b }

  /// The number, or nil if it has none or is above `limit` or below 0.
  public func size(upTo limit: Int = .max) -> Int? {
    value.flatMap { $0 >= 0 && $0 <= limit ? $0 : nil }
  }

  /// The sum of some numbers.
  public static func sum(_ numbers: some Sequence<Int>) -> Checked {
    numbers.reduce(0) { $0 + Checked($1) }
  }

  /// The product of some numbers.
  public static func product(_ numbers: some Sequence<Int>) -> Checked {
    numbers.reduce(1) { $0 * Checked($1) }
  }

  private static func both(
    _ a: Checked, _ b: Checked, _ operation: (Int, Int) -> (partialValue: Int, overflow: Bool)
  ) -> (partialValue: Int, overflow: Bool)? {
    guard let x = a.value, let y = b.value else { return nil }
    return operation(x, y)
  }
}

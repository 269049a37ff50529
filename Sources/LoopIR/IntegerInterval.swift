// SPDX-License-Identifier: Apache-2.0
import Tensors

/// What values an integer expression can have. Tells where plain C arithmetic cannot overflow, so that the code needs no detour through
/// unsigned types, and whether what is computed for an index stays in its range.
public enum IntegerInterval {
  /// All values of an expression's lanes, or nil if nothing better than its type is known and that has 64 bits.
  ///
  /// - Parameter known: what is known of a part from elsewhere, or nil.
  public static func of(
    _ expression: Expression, where known: (Expression) -> ClosedRange<Int64>? = { _ in nil }
  ) -> ClosedRange<Int64>? {
    let type = expression.type
    if let found = known(expression) { return found }
    guard type.element.isInteger || type.element == .bool else { return nil }
    let whole = type.element.bitCount == 64 ? nil : type.element.integerRange
    guard let found = derived(expression, known) else { return whole }
    guard let whole else { return type.element == .u64 && found.lowerBound < 0 ? nil : found }
    return found.lowerBound >= whole.lowerBound && found.upperBound <= whole.upperBound
      ? found : whole
  }

  private static func derived(
    _ expression: Expression, _ known: (Expression) -> ClosedRange<Int64>?
  ) -> ClosedRange<Int64>? {
    switch expression {
    case .integer(let value, let type): return type.element == .u64 && value < 0 ? nil : value...value
    case .local(let local): return local.range.map { Int64($0.lowerBound)...Int64($0.upperBound) }
    case .index(let index, _):
      let range = index.range
      return Int64(range.lowerBound)...Int64(range.upperBound)
    case .load(let access, _):
      return access.element.bitCount < 64 ? access.element.integerRange : nil
    case .convert(let x, _, _), .splat(let x, _): return of(x, where: known)
    case .select(_, let x, let y):
      guard let a = of(x, where: known), let b = of(y, where: known) else { return nil }
      return min(a.lowerBound, b.lowerBound)...max(a.upperBound, b.upperBound)
    case .binary(let op, let x, let y) where op == .minimum || op == .maximum:
      if isUnsigned64(x) { return nil }
      let all = Int64.min...Int64.max
      return binary(op, of(x, where: known) ?? all, of(y, where: known) ?? all)
    case .binary(let op, let x, let y):
      guard let a = of(x, where: known), let b = of(y, where: known) else { return nil }
      return binary(op, a, b)
    default: return nil
    }
  }

  /// Whether values do not fit `Int64`.
  private static func isUnsigned64(_ x: Expression) -> Bool { x.type.element == .u64 }

  /// The exact sums, differences or products, or nil if they leave 64 bits.
  public static func binary(
    _ op: BinaryOperator, _ a: ClosedRange<Int64>, _ b: ClosedRange<Int64>
  ) -> ClosedRange<Int64>? {
    func corners(_ f: (Int64, Int64) -> (Int64, Bool)) -> ClosedRange<Int64>? {
      var low = Int64.max
      var high = Int64.min
      for x in [a.lowerBound, a.upperBound] {
        for y in [b.lowerBound, b.upperBound] {
          let (value, overflow) = f(x, y)
          if overflow { return nil }
          low = min(low, value)
          high = max(high, value)
        }
      }
      return low...high
    }
    switch op {
    case .add: return corners { $0.addingReportingOverflow($1) }
    case .subtract: return corners { $0.subtractingReportingOverflow($1) }
    case .multiply: return corners { $0.multipliedReportingOverflow(by: $1) }
    case .minimum:
      return min(a.lowerBound, b.lowerBound)...min(a.upperBound, b.upperBound)
    case .maximum:
      return max(a.lowerBound, b.lowerBound)...max(a.upperBound, b.upperBound)
    default: return nil
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import Tensors

/// A type that ops compute in: `Double` for floats, `Int64` for integers (wrapping, so that a
/// result cut to a narrower type is the one that arithmetic in that type would give).
protocol WideNumber: BitwiseCopyable, Numeric, Comparable {
  /// The nearest number; saturates and is 0 for NaN where there are no fractions.
  static func converting(_ value: Double) -> Self
  /// The number, which is exact for `Int64` (`UInt64` keeps its bits) and nearest for `Double`.
  static func converting<Integer: FixedWidthInteger>(_ value: Integer) -> Self
  /// The sum, which wraps if it is an integer.
  static func sum(_ a: Self, _ b: Self) -> Self
  /// The difference, which wraps if it is an integer.
  static func difference(_ a: Self, _ b: Self) -> Self
  /// The quotient; of integers truncated, by a count that is not 0.
  static func quotient(_ a: Self, by count: Int) -> Self
  /// The smallest value of an element type.
  static func lowest(of element: ElementType) -> Self
  /// A number whose order is that of the element: `u64` has its upper bit turned over. Its own
  /// inverse.
  static func ordered(_ value: Self, _ element: ElementType) -> Self
}

extension Double: WideNumber {
  @inline(__always) static func converting(_ value: Double) -> Double { value }
  @inline(__always) static func converting<Integer: FixedWidthInteger>(
    _ value: Integer
  ) -> Double { Double(value) }
  @inline(__always) static func sum(_ a: Double, _ b: Double) -> Double { a + b }
  @inline(__always) static func difference(_ a: Double, _ b: Double) -> Double { a - b }
  @inline(__always) static func quotient(_ a: Double, by count: Int) -> Double {
    a / Double(count)
  }
  static func lowest(of element: ElementType) -> Double { -.infinity }
  @inline(__always) static func ordered(_ value: Double, _ element: ElementType) -> Double {
    value
  }
}

extension Int64: WideNumber {
  @inline(__always) static func converting(_ value: Double) -> Int64 {
    if value.isNaN { return 0 }
    let rounded = value.rounded(.toNearestOrEven)
    return rounded <= -0x1p63 ? .min : rounded >= 0x1p63 ? .max : Int64(rounded)
  }
  @inline(__always) static func converting<Integer: FixedWidthInteger>(
    _ value: Integer
  ) -> Int64 { Int64(truncatingIfNeeded: value) }
  @inline(__always) static func sum(_ a: Int64, _ b: Int64) -> Int64 { a &+ b }
  @inline(__always) static func difference(_ a: Int64, _ b: Int64) -> Int64 { a &- b }
  @inline(__always) static func quotient(_ a: Int64, by count: Int) -> Int64 {
    a / Int64(count)
  }
  static func lowest(of element: ElementType) -> Int64 {
    element.integerRange?.lowerBound ?? .min
  }
  @inline(__always) static func ordered(_ value: Int64, _ element: ElementType) -> Int64 {
    element == .u64 ? value ^ .min : value
  }
}

// SPDX-License-Identifier: Apache-2.0

/// A type that ops compute in: `Double` for floats, `Int64` for integers (wrapping, so that a result cut to a
/// narrower type is the one that arithmetic in that type would give).
protocol WideNumber: BitwiseCopyable, Numeric {
  /// The nearest number; saturates and is 0 for NaN where there are no fractions.
  static func converting(_ value: Double) -> Self
  /// The number, which is exact for `Int64` (`UInt64` keeps its bits) and nearest for `Double`.
  static func converting<Integer: FixedWidthInteger>(_ value: Integer) -> Self
}

extension Double: WideNumber {
  @inline(__always) static func converting(_ value: Double) -> Double { value }
  @inline(__always) static func converting<Integer: FixedWidthInteger>(
    _ value: Integer
  ) -> Double { Double(value) }
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
}

// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// A scale as significand and shift in integer arithmetic: literals where the scale is known, else
/// taken from the bits of the f32, so that no instruction computes with floats.
struct FixedPoint {
  /// The significand with its sign, i64.
  private let significand: Expression
  /// The binary places behind the point: i32, from below 0 up.
  private let shift: Expression

  /// The parts of an f32.
  init(_ scale: Expression, in k: inout KernelBuilder) {
    let lanes = scale.type.lanes
    if case .float(let value, _) = scale {
      let bits = Int64(Float(value).bitPattern)
      let magnitude = bits & 0x7F_FFFF | 0x80_0000
      let wide = ValueType(.i64, lanes: lanes)
      significand = .integer(Float(value).sign == .minus ? -magnitude : magnitude, wide)
      shift = .integer(150 - (bits >> 23 & 255), ValueType(.i32, lanes: lanes))
      return
    }
    let type = ValueType(.i32, lanes: lanes)
    func number(_ value: Int64) -> Expression { .integer(value, type) }
    let bits = k.bind("bits", .reinterpret(scale, to: .i32))
    let sign = k.bind("sign", .binary(.shiftRight, bits, number(31)))
    let magnitude = Expression.binary(
      .or, .binary(.and, bits, number(0x7F_FFFF)), number(0x80_0000))
    significand = k.bind(
      "m", (.binary(.xor, magnitude, sign) - sign).converted(to: .i64))
    let exponent = Expression.binary(
      .and, .binary(.shiftRight, bits, number(23)), number(255))
    shift = k.bind("shift", number(150) - exponent)
  }

  /// floor(x · scale + 1/2) as i64. Integers of 64 bits saturate at 48, or at 32 where the scale is
  /// 1/2 or more.
  func scaled(_ x: Expression, in k: inout KernelBuilder) -> Expression {
    let wide = x.converted(to: .i64)
    func number(_ value: Int64) -> Expression { .integer(value, wide.type) }
    func places(_ more: Int64, most: Int64) -> Expression {
      clamped(shift + .integer(more, shift.type), 1, most)
    }
    guard x.type.element.bitCount == 64 else {
      // One place more, so that there is one to round at. Beyond 62 the result is 0 anyhow.
      return rounded(wide * (significand + significand), places(1, most: 62), in: &k)
    }
    let limited = k.bind("x", clamped(wide, -1 << 31, (1 << 31) - 1))
    let large = rounded(limited * (significand + significand), places(1, most: 26), in: &k)
    // The product has up to 72 bits: its lower 24 are shifted out before the parts are joined.
    let inside = k.bind("x", clamped(wide, -1 << 47, (1 << 47) - 1))
    let upper = Expression.binary(.shiftRight, inside, number(24)) * significand
    let lower = Expression.binary(.and, inside, number(0xFF_FFFF)) * significand
    let small = rounded(
      upper + .binary(.shiftRight, lower, number(24)), places(-24, most: 62), in: &k)
    return .select(.binary(.less, shift, .integer(25, shift.type)), large, small)
  }

  /// A number shifted right by at least one place, halves rounded up.
  private func rounded(
    _ x: Expression, _ places: Expression, in k: inout KernelBuilder
  ) -> Expression {
    let one = Expression.integer(1, x.type)
    let places = k.bind("places", places).converted(to: .i64)
    return .binary(
      .shiftRight, x + .binary(.shiftLeft, one, places - one), places)
  }

  private func clamped(_ x: Expression, _ low: Int64, _ high: Int64) -> Expression {
    .binary(.minimum, .binary(.maximum, x, .integer(low, x.type)), .integer(high, x.type))
  }
}

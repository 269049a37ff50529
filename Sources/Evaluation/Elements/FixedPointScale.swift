// SPDX-License-Identifier: Apache-2.0

/// An f32 as significand · 2^−shift, by which integers are scaled without floats. The bits of
/// infinities and NaN count as a number like others, those of denormal numbers as one that is as
/// good as 0.
struct FixedPointScale {
  private let significand: Int64
  private let shift: Int

  /// The significand and exponent of a number.
  init(_ scale: Float) {
    let bits = Int64(scale.bitPattern)
    let magnitude = bits & 0x7F_FFFF | 0x80_0000
    significand = scale.sign == .minus ? -magnitude : magnitude
    shift = 150 - Int(bits >> 23 & 255)
  }

  /// floor(x · scale + 1/2) for x saturated to 48 bits. Where the scale is 1/2 or more, x saturates
  /// to 32 bits, which a result of 16 bits does not tell.
  func scaled(_ x: Int64) -> Int64 {
    guard shift >= 25 else {
      let x = min(max(x, -1 << 31), (1 << 31) - 1)
      let places = Int64(max(shift + 1, 1))
      return (x * (2 * significand) + 1 << (places - 1)) >> places
    }
    // The product has up to 72 bits: its lower 24 are shifted out before the parts are joined.
    let x = min(max(x, -1 << 47), (1 << 47) - 1)
    let places = Int64(min(shift, 86) - 24)
    let product = (x >> 24) * significand + ((x & 0xFF_FFFF) * significand) >> 24
    return (product + 1 << (places - 1)) >> places
  }
}

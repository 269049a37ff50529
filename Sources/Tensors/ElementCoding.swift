// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// Between stored elements and Swift's numbers. `Float16` is not used: it is missing on x86 macOS,
/// and the conversions are few.
public enum ElementCoding {
  /// The nearest half-precision bits (ties to even, overflow to infinity).
  public static func halfBits(_ value: Double) -> UInt16 {
    narrowBits(value, exponentBits: 5, fractionBits: 10)
  }

  /// The nearest bfloat16 bits (ties to even, overflow to infinity).
  public static func bfloatBits(_ value: Double) -> UInt16 {
    narrowBits(value, exponentBits: 8, fractionBits: 7)
  }

  /// The value of half-precision bits.
  public static func half(_ bits: UInt16) -> Double {
    widen(bits, exponentBits: 5, fractionBits: 10)
  }

  /// The value of bfloat16 bits.
  public static func bfloat(_ bits: UInt16) -> Double {
    Double(Float(bitPattern: UInt32(bits) << 16))
  }

  /// Rounds to the nearest (ties to even) and saturates to an integer type of at most 64 bits; NaN
  /// gives 0.
  public static func saturate(_ value: Double, to range: ClosedRange<Int64>) -> Int64 {
    if value.isNaN { return 0 }
    let rounded = value.rounded(.toNearestOrEven)
    if rounded <= Double(range.lowerBound) { return range.lowerBound }
    if rounded >= Double(range.upperBound) { return range.upperBound }
    return Int64(rounded)
  }

  /// The value rounded to what a float element type can hold.
  public static func rounded(_ value: Double, to element: ElementType) -> Double {
    switch element {
    case .f32: Double(Float(value))
    case .f16: half(halfBits(value))
    case .bf16: bfloat(bfloatBits(value))
    default: value
    }
  }

  static func encode(_ values: [Double], as element: ElementType) -> Bytes {
    switch element {
    case .f32: return Bytes(copying: values.map { Float($0) })
    case .f64: return Bytes(copying: values)
    case .f16: return Bytes(copying: values.map { halfBits($0) })
    case .bf16: return Bytes(copying: values.map { bfloatBits($0) })
    case .u64:
      return Bytes(
        copying: values.map { v -> UInt64 in
          let r = v.rounded(.toNearestOrEven)
          return r.isNaN || r <= 0 ? 0 : r >= 0x1p64 ? .max : UInt64(r)
        })
    case .bool: return encode(values.map { Int64($0 != 0 ? 1 : 0) }, as: element)
    default:
      guard let range = element.integerRange else { unreachable("a float type was left out") }
      return encode(values.map { saturate($0, to: range) }, as: element)
    }
  }

  static func encode(_ values: [Int64], as element: ElementType) -> Bytes {
    switch element {
    case .f32, .f64, .f16, .bf16: return encode(values.map { Double($0) }, as: element)
    case .i64, .u64: return Bytes(copying: values)
    case .i32, .u32: return Bytes(copying: values.map { Int32(truncatingIfNeeded: $0) })
    case .i16, .u16: return Bytes(copying: values.map { Int16(truncatingIfNeeded: $0) })
    case .i8, .u8: return Bytes(copying: values.map { Int8(truncatingIfNeeded: $0) })
    case .bool: return Bytes(copying: values.map { UInt8($0 != 0 ? 1 : 0) })
    case .b1: return pack(values.map { Int64($0 > 0 ? 1 : 0) }, bits: 1)
    case .i4, .u4, .u2: return pack(values, bits: element.bitCount)
    }
  }

  static func doubles(_ bytes: Bytes, _ element: ElementType, count: Int) -> [Double] {
    switch element {
    case .f32: bytes.withElements(of: Float.self) { $0.map { Double($0) } }
    case .f64: bytes.withElements(of: Double.self) { Array($0) }
    case .f16: bytes.withElements(of: UInt16.self) { $0.map { half($0) } }
    case .bf16: bytes.withElements(of: UInt16.self) { $0.map { bfloat($0) } }
    case .u64: bytes.withElements(of: UInt64.self) { $0.map { Double($0) } }
    default: integers(bytes, element, count: count).map { Double($0) }
    }
  }

  static func integers(_ bytes: Bytes, _ element: ElementType, count: Int) -> [Int64] {
    switch element {
    case .f32, .f64, .f16, .bf16:
      doubles(bytes, element, count: count).map { v in
        v.isNaN ? 0 : v <= -0x1p63 ? .min : v >= 0x1p63 ? .max : Int64(v)
      }
    case .i64, .u64: bytes.withElements(of: Int64.self) { Array($0) }
    case .i32: bytes.withElements(of: Int32.self) { $0.map { Int64($0) } }
    case .u32: bytes.withElements(of: UInt32.self) { $0.map { Int64($0) } }
    case .i16: bytes.withElements(of: Int16.self) { $0.map { Int64($0) } }
    case .u16: bytes.withElements(of: UInt16.self) { $0.map { Int64($0) } }
    case .i8: bytes.withElements(of: Int8.self) { $0.map { Int64($0) } }
    case .u8: bytes.withElements(of: UInt8.self) { $0.map { Int64($0) } }
    case .bool: bytes.withElements(of: UInt8.self) { $0.map { $0 != 0 ? 1 : 0 } }
    case .b1: unpack(bytes, bits: 1, count: count).map { $0 == 0 ? -1 : 1 }
    case .u4, .u2: unpack(bytes, bits: element.bitCount, count: count)
    case .i4: unpack(bytes, bits: 4, count: count).map { $0 >= 8 ? $0 - 16 : $0 }
    }
  }

  private static func pack(_ values: [Int64], bits: Int) -> Bytes {
    let perByte = 8 / bits
    let mask = UInt8((1 << bits) - 1)
    return Bytes(count: (values.count + perByte - 1) / perByte) { out in
      for (i, value) in values.enumerated() {
        out[i / perByte] |= (UInt8(truncatingIfNeeded: value) & mask) << UInt8((i % perByte) * bits)
      }
    }
  }

  private static func unpack(_ bytes: Bytes, bits: Int, count: Int) -> [Int64] {
    let perByte = 8 / bits
    let mask = UInt8((1 << bits) - 1)
    return bytes.withUnsafeBytes { source in
      (0..<count).map { i in
        Int64((source[i / perByte] >> UInt8((i % perByte) * bits)) & mask)
      }
    }
  }

  /// IEEE rounding of a double to a narrower format by integer arithmetic on its bits.
  private static func narrowBits(_ value: Double, exponentBits: Int, fractionBits: Int) -> UInt16 {
    let sign = UInt16(value.sign == .minus ? 1 : 0) << 15
    let allOnes = UInt16((1 << exponentBits) - 1) << UInt16(fractionBits)
    if value.isNaN { return sign | allOnes | 1 << UInt16(fractionBits - 1) }
    let magnitude = value.magnitude
    let bias = (1 << (exponentBits - 1)) - 1
    let smallest = 1 - bias
    // The step between neighbours of the target format around the value; below the smallest normal
    // number it stays constant (subnormals).
    let exponent = magnitude == 0 ? smallest : Swift.max(Int(magnitude.exponent), smallest)
    guard exponent <= bias else { return sign | allOnes }
    let step = Double(sign: .plus, exponent: exponent - fractionBits, significand: 1)
    let quotient = UInt64((magnitude / step).rounded(.toNearestOrEven))
    // A quotient of 2^(fraction+1) carries into the exponent by plain addition of the fields.
    let field = (UInt64(exponent - smallest) << UInt64(fractionBits)) + quotient
    return field >= UInt64(allOnes) ? sign | allOnes : sign | UInt16(field)
  }

  private static func widen(_ bits: UInt16, exponentBits: Int, fractionBits: Int) -> Double {
    let sign: FloatingPointSign = bits >> 15 == 1 ? .minus : .plus
    let exponent = Int(bits >> UInt16(fractionBits)) & ((1 << exponentBits) - 1)
    let fraction = Int(bits) & ((1 << fractionBits) - 1)
    let bias = (1 << (exponentBits - 1)) - 1
    if exponent == (1 << exponentBits) - 1 {
      return fraction == 0 ? (sign == .minus ? -.infinity : .infinity) : .nan
    }
    let significand = exponent == 0 ? fraction : fraction + (1 << fractionBits)
    let scale = Swift.max(exponent, 1) - bias - fractionBits
    let magnitude = Double(sign: .plus, exponent: scale, significand: Double(significand))
    return sign == .minus ? -magnitude : magnitude
  }
}

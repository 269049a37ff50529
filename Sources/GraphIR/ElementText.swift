// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// The elements of constants as text and back, bit for bit.
enum ElementText {
  /// The most elements that a constant of one repeated element may have as text.
  static let repeatLimit = 1 << 22

  // MARK: Tensors

  /// `[1, 2, 3]` for up to `limit` elements, `[0 ...]` for one element repeated more often; nil if the tensor is neither or the list
  /// would not give the same bytes.
  static func list(_ tensor: Tensor, limit: Int) -> String? {
    if tensor.count <= limit {
      let bits = bits(of: tensor)
      guard self.tensor(tensor.type, bits: bits) == tensor else { return nil }
      return "[" + bits.map { text($0, tensor.element) }.joined(separator: ", ") + "]"
    }
    guard tensor.count <= repeatLimit, let element = repeatedElement(tensor) else { return nil }
    return "[\(text(element, tensor.element)) ...]"
  }

  /// The elements of a tensor as bits, in the low end of each number.
  static func bits(of tensor: Tensor) -> [UInt64] {
    let width = tensor.element.bitCount
    return tensor.bytes.withUnsafeBytes { source in
      (0..<tensor.count).map { i in
        guard width >= 8 else {
          let bit = i * width
          return UInt64(source[bit / 8] >> UInt8(bit % 8)) & ((1 << UInt64(width)) - 1)
        }
        let size = width / 8
        return (0..<size).reduce(0) { $0 | UInt64(source[i * size + $1]) << UInt64(8 * $1) }
      }
    }
  }

  /// The tensor of elements given as bits, as many as the type has.
  static func tensor(_ type: TensorType, bits: [UInt64]) -> Tensor {
    let width = type.element.bitCount
    let bytes = Bytes(count: type.byteCount) { out in
      for (i, element) in bits.enumerated() {
        if width >= 8 {
          for byte in 0..<width / 8 {
            out[i * (width / 8) + byte] = UInt8(truncatingIfNeeded: element >> UInt64(8 * byte))
          }
        } else {
          let bit = i * width
          out[bit / 8] |= UInt8(truncatingIfNeeded: element) << UInt8(bit % 8)
        }
      }
    }
    guard let tensor = Tensor(type, bytes: bytes) else { unreachable("the bytes are the type's") }
    return tensor
  }

  /// The bits of the element that all are equal to, if they are and fill whole bytes.
  private static func repeatedElement(_ tensor: Tensor) -> UInt64? {
    let size = tensor.element.bitCount / 8
    guard size > 0, tensor.count > 0 else { return nil }
    return tensor.bytes.withUnsafeBytes { all -> UInt64? in
      var i = size
      while i < all.count {
        guard all[i] == all[i - size] else { return nil }
        i += 1
      }
      return (0..<size).reduce(0) { $0 | UInt64(all[$1]) << UInt64(8 * $1) }
    }
  }

  // MARK: Elements

  /// The shortest text that gives the same bits: a number, `true`, `false`, `inf`, `nan`; what has no such text (a NaN with a
  /// payload) is the bits as `0x…`.
  static func text(_ bits: UInt64, _ element: ElementType) -> String {
    switch element.kind {
    case .float:
      let value: Double
      let text: String
      switch element {
      case .f64:
        value = Double(bitPattern: bits)
        text = value.description
      default:
        let float = narrow(bits, element)
        value = Double(float)
        text = float.description
      }
      guard !value.isNaN else {
        return bits == canonicalNaN(element) ? "nan" : "0x" + String(bits, radix: 16)
      }
      return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    case .signed:
      let unused = Int64(64 - element.bitCount)
      return String((Int64(bitPattern: bits) << unused) >> unused)
    case .unsigned: return String(bits)
    case .boolean: return bits == 0 ? "false" : bits == 1 ? "true" : "0x" + String(bits, radix: 16)
    case .sign: return bits == 0 ? "-1" : "1"
    }
  }

  /// The bits that a text means, or nil if it is no element of that type.
  static func bits(_ text: String, _ element: ElementType) -> UInt64? {
    let width = UInt64(element.bitCount)
    if text.hasPrefix("0x") {
      guard let bits = UInt64(text.dropFirst(2), radix: 16), width == 64 || bits >> width == 0 else {
        return nil
      }
      return bits
    }
    switch element.kind {
    case .float:
      if text == "nan" { return canonicalNaN(element) }
      return floatBits(text, element)
    case .signed:
      guard let value = Int64(text), let range = element.integerRange, range.contains(value) else {
        return nil
      }
      return UInt64(bitPattern: value) & (UInt64.max >> (64 - width))
    case .unsigned:
      guard let value = UInt64(text), width == 64 || value >> width == 0 else { return nil }
      return value
    case .boolean: return text == "true" ? 1 : text == "false" ? 0 : nil
    case .sign: return text == "1" ? 1 : text == "-1" ? 0 : nil
    }
  }

  /// The bits of the nearest number of a float type; nil for what is no number and for a finite one out of range.
  private static func floatBits(_ text: String, _ element: ElementType) -> UInt64? {
    guard let double = Double(text), !double.isNaN else { return nil }
    let bits: UInt64
    let magnitude: UInt64
    let infinity: UInt64
    switch element {
    case .f64:
      (bits, infinity) = (double.bitPattern, 0x7FF0_0000_0000_0000)
      magnitude = bits & 0x7FFF_FFFF_FFFF_FFFF
    case .f16:
      (bits, infinity) = (UInt64(ElementCoding.halfBits(double)), 0x7C00)
      magnitude = bits & 0x7FFF
    case .bf16:
      (bits, infinity) = (UInt64(ElementCoding.bfloatBits(double)), 0x7F80)
      magnitude = bits & 0x7FFF
    default:
      // Not by way of the double: rounding twice may give a neighbour.
      guard let float = Float(text) else { return nil }
      (bits, infinity) = (UInt64(float.bitPattern), 0x7F80_0000)
      magnitude = bits & 0x7FFF_FFFF
    }
    return (magnitude == infinity) == text.contains("inf") ? bits : nil
  }

  /// The value of the bits of a float type of at most 32 bits.
  private static func narrow(_ bits: UInt64, _ element: ElementType) -> Float {
    switch element {
    case .f16: Float(ElementCoding.half(UInt16(truncatingIfNeeded: bits)))
    case .bf16: Float(ElementCoding.bfloat(UInt16(truncatingIfNeeded: bits)))
    default: Float(bitPattern: UInt32(truncatingIfNeeded: bits))
    }
  }

  private static func canonicalNaN(_ element: ElementType) -> UInt64 {
    switch element {
    case .f64: 0x7FF8_0000_0000_0000
    case .f16: 0x7E00
    case .bf16: 0x7FC0
    default: 0x7FC0_0000
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import Tensors

extension RuntimeLibrary {
  /// The sum of products of 4 bytes, for each 32-bit lane.
  mutating func dot4(_ left: ElementType, _ right: ElementType, _ lanes: Int) -> String {
    function("dot4_\(left)_\(right)x\(lanes)") { l in
      let t = l.type(.i32, lanes)
      let a = l.vector(left, 4 * lanes)
      let b = l.vector(right, 4 * lanes)
      var paths = Self.vnni(left, right, lanes, t) + Self.neonDot(left, right, lanes, t)
      let feature = lanes == 1 ? Self.dspFeature : IntegerVectors(bits: 32 * lanes)?.feature
      if let feature {
        // Even and odd bytes apart, each widened to 16 bits: exact for all signs.
        let dot = l.dot2(lanes)
        let halves = [false, true].map { isOdd in
          let a = l.half(left, 2 * lanes, isOdd: isOdd)
          return "\(a)(a), \(l.half(right, 2 * lanes, isOdd: isOdd))(b)"
        }
        paths.append((feature, "\(dot)(\(halves[1]), \(dot)(\(halves[0]), c))"))
      }
      return "\(l.inline) \(t) @(\(a) a, \(b) b, \(t) c)\n{\n"
        + l.select(paths, Self.products(4, lanes)) + "\n}"
    }
  }

  /// The sum of products of two 16-bit numbers, for each 32-bit lane.
  mutating func dot2(_ lanes: Int) -> String {
    function("dot2x\(lanes)") { l in
      let t = l.type(.i32, lanes)
      let v = l.vector(.i16, 2 * lanes)
      var paths: [(condition: String, result: String)] = []
      if let x = IntegerVectors(bits: 32 * lanes) {
        let operands = "((\(x.type))c, (\(x.type))a, (\(x.type))b)"
        paths += x.vnni("dpwssd").map { ($0.condition, "(\(t))\($0.function)\(operands)") }
        let products = "\(x.prefix)_madd_epi16((\(x.type))a, (\(x.type))b)"
        paths.append((x.feature, "(\(t))\(x.prefix)_add_epi32((\(x.type))c, \(products))"))
      }
      if lanes == 4 {
        let halves = ["low", "high"].map { half in
          "vmull_s16(vget_\(half)_s16((int16x8_t)a), vget_\(half)_s16((int16x8_t)b))"
        }
        let pairs = "vpaddq_s32(\(halves[0]), \(halves[1]))"
        paths.append(("defined(__aarch64__)", "(\(t))vaddq_s32((int32x4_t)c, \(pairs))"))
      }
      if lanes == 1 { paths.append((Self.dspFeature, "__smlad((int32_t)a, (int32_t)b, c)")) }
      return "\(l.inline) \(t) @(\(v) a, \(v) b, \(t) c)\n{\n"
        + l.select(paths, Self.products(2, lanes)) + "\n}"
    }
  }

  /// The sum of products of all lanes of two vectors.
  mutating func dotAcross(_ element: ElementType, _ lanes: Int) -> String {
    function("dot_\(element)x\(lanes)") { l in
      let v = l.vector(element, lanes)
      let product = element == .u8 ? "(uint32_t)a[i] * b[i]" : "(uint32_t)((int32_t)a[i] * b[i])"
      var paths: [(condition: String, result: String)] = []
      if lanes * element.bitCount == 128 {
        let suffix = (element.kind == .signed ? "s" : "u") + "\(element.bitCount)"
        let vector = (element.kind == .signed ? "int" : "uint") + "\(element.bitCount)x\(lanes)_t"
        let sum = element.kind == .signed ? "c" : "(uint32_t)c"
        let call = "(int32_t)vmladavaq_\(suffix)(\(sum), (\(vector))a, (\(vector))b)"
        paths = [("defined(__ARM_FEATURE_MVE)", call)]
      }
      let portable = """
          for (int i = 0; i < \(lanes); i++) c = (int32_t)((uint32_t)c + \(product));
          return c;
        """
      return "\(l.inline) int32_t @(\(v) a, \(v) b, int32_t c)\n{\n"
        + l.select(paths, portable) + "\n}"
    }
  }

  /// Sums of `count` products in each lane, in plain C.
  private static func products(_ count: Int, _ lanes: Int) -> String {
    let sum = (0..<count).map { part in
      let place = "[\(count) * i + \(part)]"
      return "(uint32_t)((int32_t)a\(place) * b\(place))"
    }.joined(separator: "\n        + ")
    return lanes == 1
      ? """
        const int i = 0;
        return (int32_t)((uint32_t)c + \(sum));
      """
      : """
        for (int i = 0; i < \(lanes); i++)
          c[i] = (int32_t)((uint32_t)c[i] + \(sum));
        return c;
      """
  }

  /// The even or the odd bytes as `lanes` numbers of 16 bits, with `c` added to them if `isSum`.
  mutating func half(
    _ element: ElementType, _ lanes: Int, isOdd: Bool, isSum: Bool = false
  ) -> String {
    function("\(isOdd ? "odd" : "even")\(isSum ? "_sum" : "")_\(element)x\(lanes)") { l in
      let t = l.vector(.i16, lanes)
      let bytes = l.vector(element, 2 * lanes)
      let portable = """
          \(t) r;
          for (int i = 0; i < \(lanes); i++)
            r[i] = (int16_t)(\(isSum ? "c[i] + " : "")a[2 * i\(isOdd ? " + 1" : "")]);
          return r;
        """
      var body = portable
      if let x = IntegerVectors(bits: 16 * lanes) {
        let part = x.half(element, isOdd: isOdd)
        let sum = isSum ? "\(x.prefix)_add_epi16((\(x.type))c, \(part))" : part
        body = l.select([(x.feature, "(\(t))\(sum)")], portable)
      } else if lanes == 2 {
        // GCC 12 has no intrinsic for the rotation and makes no use of the one in the instruction.
        let name = (element == .u8 ? "uxt" : "sxt") + (isSum ? "ab16" : "b16")
        let operands = "%0, \(isSum ? "%2, " : "")%1\(isOdd ? ", ror #8" : "")"
        let inputs = "\"r\"((uint32_t)a)" + (isSum ? ", \"r\"((uint32_t)c)" : "")
        body = """
          #if \(Self.dspFeature) && defined(__GNUC__)
            uint32_t r;
            __asm__("\(name) \(operands)" : "=r"(r) : \(inputs));
            return (\(t))r;
          #else
          \(portable)
          #endif
          """
      }
      let parameters = "\(bytes) a" + (isSum ? ", \(t) c" : "")
      return "\(l.inline) \(t) @(\(parameters))\n{\n\(body)\n}"
    }
  }

  /// A short vector over and over.
  mutating func splat(_ element: ElementType, group: Int, _ lanes: Int) -> String {
    function("splat_\(element)x\(group)_x\(lanes)") { l in
      let t = l.vector(element, lanes)
      let word = Self.unsigned(element.bitCount * group)
      let words = l.vector(word, lanes / group)
      let list = Array(repeating: "w", count: lanes / group).joined(separator: ", ")
      return """
        \(l.inline) \(t) @(\(l.vector(element, group)) a)
        {
          const \(Self.scalar(word)) w = (\(Self.scalar(word)))a;
          const \(words) r = {\(list)};
          return (\(t))r;
        }
        """
    }
  }

  private static func vnni(
    _ left: ElementType, _ right: ElementType, _ lanes: Int, _ t: String
  ) -> [(condition: String, result: String)] {
    guard let x = IntegerVectors(bits: 32 * lanes), left == .i8 || right == .i8 else { return [] }
    func call(_ function: String) -> String {
      let (u, s) = left == .u8 ? ("a", "b") : ("b", "a")
      if left != right {
        return "(\(t))\(function)((\(x.type))c, (\(x.type))\(u), (\(x.type))\(s))"
      }
      // a + 128 is unsigned; what it adds is 128 times the sum of b.
      let flip = "\(x.prefix)_set1_epi8(-128)"
      let flipped = "\(x.prefix)_xor_\(x.suffix)((\(x.type))a, \(flip))"
      return "(\(t))\(x.prefix)_sub_epi32(\(function)((\(x.type))c, \(flipped), (\(x.type))b), "
        + "\(function)(\(x.prefix)_setzero_\(x.suffix)(), \(flip), (\(x.type))b))"
    }
    return x.vnni("dpbusd").map { ($0.condition, call($0.function)) }
  }

  private static func neonDot(
    _ left: ElementType, _ right: ElementType, _ lanes: Int, _ t: String
  ) -> [(condition: String, result: String)] {
    guard lanes == 4 else { return [] }
    switch (left, right) {
    case (.i8, .i8):
      let call = "(\(t))vdotq_s32((int32x4_t)c, (int8x16_t)a, (int8x16_t)b)"
      return [
        ("defined(__ARM_FEATURE_DOTPROD)", call),
        ("defined(__aarch64__)", "(\(t))vaddq_s32((int32x4_t)c, \(widening(t)))"),
      ]
    case (.u8, .u8):
      let call = "(\(t))vdotq_u32((uint32x4_t)c, (uint8x16_t)a, (uint8x16_t)b)"
      return [("defined(__ARM_FEATURE_DOTPROD)", call)]
    default:
      let (u, s) = left == .u8 ? ("a", "b") : ("b", "a")
      let call = "(\(t))vusdotq_s32((int32x4_t)c, (uint8x16_t)\(u), (int8x16_t)\(s))"
      return [("defined(__ARM_FEATURE_MATMUL_INT8)", call)]
    }
  }

  /// Products of signed bytes in 16 bits, their sums of two and then of four in 32.
  private static func widening(_ t: String) -> String {
    let halves = ["low", "high"].map { half in
      "vpaddlq_s16(vmull_s8(vget_\(half)_s8((int8x16_t)a), vget_\(half)_s8((int8x16_t)b)))"
    }
    return "vpaddq_s32(\(halves[0]), \(halves[1]))"
  }
}

/// Names of x86 intrinsics for integer vectors of a width.
private struct IntegerVectors {
  let prefix: String
  let type: String
  let suffix: String
  /// Where they are, instructions for bytes and 16 bits included.
  let feature: String

  init?(bits: Int) {
    switch bits {
    case 512: (prefix, feature) = ("_mm512", "defined(__AVX512BW__)")
    case 256: (prefix, feature) = ("_mm256", "defined(__AVX2__)")
    case 128: (prefix, feature) = ("_mm", "defined(__SSE2__)")
    default: return nil
    }
    type = "__m\(bits)i"
    suffix = "si\(bits)"
  }

  /// Where an instruction of VNNI is there, and how it is called.
  func vnni(_ instruction: String) -> [(condition: String, function: String)] {
    let isWide = type == "__m512i"
    let feature = "defined(__AVX512VNNI__)" + (isWide ? "" : " && defined(__AVX512VL__)")
    let wide = (feature, "\(prefix)_\(instruction)_epi32")
    return isWide
      ? [wide] : [wide, ("defined(__AVXVNNI__)", "\(prefix)_\(instruction)_avx_epi32")]
  }

  /// The even or odd bytes of `a`, widened to 16 bits.
  func half(_ element: ElementType, isOdd: Bool) -> String {
    let a = "(\(type))a"
    if element == .u8 {
      return isOdd
        ? "\(prefix)_srli_epi16(\(a), 8)"
        : "\(prefix)_and_\(suffix)(\(a), \(prefix)_set1_epi16(255))"
    }
    return "\(prefix)_srai_epi16(\(isOdd ? a : "\(prefix)_slli_epi16(\(a), 8)"), 8)"
  }
}

// SPDX-License-Identifier: Apache-2.0
import Tensors

extension RuntimeLibrary {
  /// a·b + c, fused where the machine does that in one instruction.
  mutating func multiplyAdd(_ element: ElementType, _ lanes: Int) -> String {
    function("fma_\(element)x\(lanes)") { l in
      let t = l.type(element, lanes)
      let head = "\(l.inline) \(t) @(\(t) a, \(t) b, \(t) c)\n{\n"
      if lanes == 1 {
        let f = element == .f64 ? "" : "f"
        // Unoptimised code calls the library for it.
        let arm = element == .f64 ? "__aarch64__" : "__ARM_FEATURE_FMA"
        return head + """
          #if defined(__GNUC__) && defined(__OPTIMIZE__) \\
              && (defined(__FP_FAST_FMA\(f.uppercased())) || defined(__FMA__) || defined(\(arm)))
            return __builtin_fma\(f)(a, b, c);
          #else
            return a * b + c;
          #endif
          }
          """
      }
      var paths = X86.multiplyAdd(element, lanes, result: t)
      if lanes * element.bitCount == 128 {
        let (neon, suffix) = element == .f32 ? ("float32x4_t", "f32") : ("float64x2_t", "f64")
        let call = "(\(t))vfmaq_\(suffix)((\(neon))c, (\(neon))a, (\(neon))b)"
        paths.append(("defined(__aarch64__)", call))
        if element == .f32 {
          paths.append((Self.heliumFloat, call))
        }
      }
      return head + l.select(paths, "  return a * b + c;") + "\n}"
    }
  }

  /// a·b + c with one number as `a`: Helium takes it from an integer register, so that no vector is
  /// filled with it.
  mutating func multiplyAddNumber(_ element: ElementType, _ lanes: Int) -> String {
    let whole = multiplyAdd(element, lanes)
    return function("fma_n_\(element)x\(lanes)") { l in
      let t = l.vector(element, lanes)
      let call = "(\(t))vfmaq_n_f32((float32x4_t)c, (float32x4_t)b, a)"
      let body = l.select(
        [(Self.heliumFloat, call)], "  return \(whole)(\(l.splat(element, lanes))(a), b, c);")
      return "\(l.inline) \(t) @(\(Self.scalar(element)) a, \(t) b, \(t) c)\n{\n\(body)\n}"
    }
  }

  /// The sum of products of 4 bytes, for each 32-bit lane.
  mutating func dot4(_ left: ElementType, _ right: ElementType, _ lanes: Int) -> String {
    function("dot4_\(left)_\(right)x\(lanes)") { l in
      let t = l.type(.i32, lanes)
      let a = l.vector(left, 4 * lanes)
      let b = l.vector(right, 4 * lanes)
      let paths = Self.vnni(left, right, lanes, t) + Self.neonDot(left, right, lanes, t)
        + Self.madd(left, right, lanes, t) + Self.smlad(left, right, lanes)
      let sum = (0..<4).map { "(uint32_t)((int32_t)a[4 * i + \($0)] * b[4 * i + \($0)])" }
        .joined(separator: "\n        + ")
      let portable = lanes == 1
        ? """
          const int i = 0;
          return (int32_t)((uint32_t)c + \(sum));
        """
        : """
          for (int i = 0; i < \(lanes); i++)
            c[i] = (int32_t)((uint32_t)c[i] + \(sum));
          return c;
        """
      return "\(l.inline) \(t) @(\(a) a, \(b) b, \(t) c)\n{\n\(l.select(paths, portable))\n}"
    }
  }

  /// The sum of products of two 16-bit numbers, for each 32-bit lane.
  mutating func dot2(_ lanes: Int) -> String {
    function("dot2x\(lanes)") { l in
      let t = l.type(.i32, lanes)
      let v = l.vector(.i16, 2 * lanes)
      var paths: [(condition: String, result: String)] = []
      if let x = Self.integers(lanes) {
        paths.append(
          (
            x.feature,
            "(\(t))\(x.prefix)_add_epi32((\(x.type))c, "
              + "\(x.prefix)_madd_epi16((\(x.type))a, (\(x.type))b))"
          ))
      }
      if lanes == 1 { paths.append((Self.dspFeature, "__smlad((int32_t)a, (int32_t)b, c)")) }
      let sum = (0..<2).map { "(uint32_t)((int32_t)a[2 * i + \($0)] * b[2 * i + \($0)])" }
        .joined(separator: " + ")
      let portable = lanes == 1
        ? """
          const int i = 0;
          return (int32_t)((uint32_t)c + \(sum));
        """
        : """
          for (int i = 0; i < \(lanes); i++)
            c[i] = (int32_t)((uint32_t)c[i] + \(sum));
          return c;
        """
      return "\(l.inline) \(t) @(\(v) a, \(v) b, \(t) c)\n{\n\(l.select(paths, portable))\n}"
    }
  }

  /// The number of bits set.
  mutating func populationCount(_ element: ElementType, _ lanes: Int) -> String {
    let t = Self.scalar(element)
    let scalar = function("popcount_\(element)") { l in
      let isWide = element == .u64
      let suffix = isWide ? "ULL" : "u"
      func repeated(_ byte: String) -> String {
        "0x" + String(repeating: byte, count: isWide ? 8 : 4) + suffix
      }
      return """
        \(l.inline) \(t) @(\(t) a)
        {
        #if defined(__GNUC__)
          return (\(t))__builtin_popcount\(isWide ? "ll" : "")(a);
        #else
          a -= (a >> 1) & \(repeated("55"));
          a = (a & \(repeated("33"))) + ((a >> 2) & \(repeated("33")));
          a = (a + (a >> 4)) & \(repeated("0F"));
          return (a * \(repeated("01"))) >> \(isWide ? 56 : 24);
        #endif
        }
        """
    }
    guard lanes > 1 else { return scalar }
    return lanewise("popcount", element, lanes) { a, _ in "\(scalar)(\(a))" }
  }

  /// `__smlad` and its unpacking: the DSP extension of ARMv7E-M and ARMv8-M.
  private static let dspFeature = "defined(__ARM_FEATURE_DSP) && !defined(__ARM_BIG_ENDIAN)"

  /// The prefix, register type and condition for 32-bit integer vectors.
  private static func integers(
    _ lanes: Int
  ) -> (prefix: String, type: String, suffix: String, feature: String)? {
    switch lanes {
    case 16: ("_mm512", "__m512i", "si512", "defined(__AVX512BW__)")
    case 8: ("_mm256", "__m256i", "si256", "defined(__AVX2__)")
    case 4: ("_mm", "__m128i", "si128", "defined(__SSE2__)")
    default: nil
    }
  }

  private static func vnni(
    _ left: ElementType, _ right: ElementType, _ lanes: Int, _ t: String
  ) -> [(condition: String, result: String)] {
    guard let x = integers(lanes), !(left == .u8 && right == .u8) else { return [] }
    func call(_ name: String) -> String {
      let function = "\(x.prefix)_\(name)"
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
    let wide = lanes == 16
    let feature = "defined(__AVX512VNNI__)" + (wide ? "" : " && defined(__AVX512VL__)")
    var paths = [(condition: feature, result: call("dpbusd_epi32"))]
    if !wide {
      paths.append((condition: "defined(__AVXVNNI__)", result: call("dpbusd_avx_epi32")))
    }
    return paths
  }

  private static func neonDot(
    _ left: ElementType, _ right: ElementType, _ lanes: Int, _ t: String
  ) -> [(condition: String, result: String)] {
    guard lanes == 4 else { return [] }
    switch (left, right) {
    case (.i8, .i8):
      let call = "(\(t))vdotq_s32((int32x4_t)c, (int8x16_t)a, (int8x16_t)b)"
      return [("defined(__ARM_FEATURE_DOTPROD)", call)]
    case (.u8, .u8):
      let call = "(\(t))vdotq_u32((uint32x4_t)c, (uint8x16_t)a, (uint8x16_t)b)"
      return [("defined(__ARM_FEATURE_DOTPROD)", call)]
    default:
      let (u, s) = left == .u8 ? ("a", "b") : ("b", "a")
      let call = "(\(t))vusdotq_s32((int32x4_t)c, (uint8x16_t)\(u), (int8x16_t)\(s))"
      return [("defined(__ARM_FEATURE_MATMUL_INT8)", call)]
    }
  }

  /// Products of even and of odd bytes, each widened to 16 bits: exact for all signs.
  private static func madd(
    _ left: ElementType, _ right: ElementType, _ lanes: Int, _ t: String
  ) -> [(condition: String, result: String)] {
    guard let x = integers(lanes) else { return [] }
    func even(_ v: String, _ element: ElementType) -> String {
      element == .u8
        ? "\(x.prefix)_and_\(x.suffix)((\(x.type))\(v), \(x.prefix)_set1_epi16(255))"
        : "\(x.prefix)_srai_epi16(\(x.prefix)_slli_epi16((\(x.type))\(v), 8), 8)"
    }
    func odd(_ v: String, _ element: ElementType) -> String {
      "\(x.prefix)_\(element == .u8 ? "srli" : "srai")_epi16((\(x.type))\(v), 8)"
    }
    let pairs = [even, odd].map { part in
      "\(x.prefix)_madd_epi16(\(part("a", left)), \(part("b", right)))"
    }
    let call = "(\(t))\(x.prefix)_add_epi32((\(x.type))c, "
      + "\(x.prefix)_add_epi32(\(pairs[0]), \(pairs[1])))"
    return [(x.feature, call)]
  }

  private static func smlad(
    _ left: ElementType, _ right: ElementType, _ lanes: Int
  ) -> [(condition: String, result: String)] {
    guard lanes == 1 else { return [] }
    func part(_ v: String, _ element: ElementType, isOdd: Bool) -> String {
      let word = isOdd ? "__ror((uint32_t)\(v), 8)" : "(uint32_t)\(v)"
      return element == .u8 ? "(int32_t)__uxtb16(\(word))" : "(int32_t)__sxtb16((int32_t)\(word))"
    }
    func call(_ isOdd: Bool, _ c: String) -> String {
      "__smlad(\(part("a", left, isOdd: isOdd)), \(part("b", right, isOdd: isOdd)), \(c))"
    }
    return [(dspFeature, call(true, call(false, "c")))]
  }
}

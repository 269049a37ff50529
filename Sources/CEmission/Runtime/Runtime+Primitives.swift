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
}

// SPDX-License-Identifier: Apache-2.0
import Tensors

// Four bytes or two numbers of 16 bits in a `uint32_t`, as they lie in memory: what cores with the DSP extension of ARMv7E-M and
// ARMv8-M compute with, and plain C elsewhere.
extension RuntimeLibrary {
  /// `__smlad` and its unpacking.
  static let dspFeature = "defined(__ARM_FEATURE_DSP) && !defined(__ARM_BIG_ENDIAN)"

  /// Four bytes of memory.
  mutating func loadWord() -> String {
    usesMemory = true
    return function("load_word") { l in
      """
      \(l.inline) uint32_t @(const void *p)
      {
        uint32_t r;
        memcpy(&r, p, sizeof r);
        return r;
      }
      """
    }
  }

  /// Puts four bytes into memory.
  mutating func storeWord() -> String {
    usesMemory = true
    return function("store_word") { l in
      "\(l.inline) void @(void *p, uint32_t a)\n{\n  memcpy(p, &a, sizeof a);\n}"
    }
  }

  /// The even or the odd bytes as two numbers of 16 bits, with those of `c` added to them if `isSum`.
  mutating func wordHalf(_ element: ElementType, isOdd: Bool, isSum: Bool) -> String {
    usesMemory = true
    usesIntrinsics = true
    return function("word_\(isOdd ? "odd" : "even")\(isSum ? "_sum" : "")_\(element)") { l in
      // GCC 12 has no intrinsic for the rotation and makes no use of the one in the instruction.
      let name = (element == .u8 ? "uxt" : "sxt") + (isSum ? "ab16" : "b16")
      let operands = "%0, \(isSum ? "%2, " : "")%1\(isOdd ? ", ror #8" : "")"
      let inputs = "\"r\"(a)" + (isSum ? ", \"r\"(c)" : "")
      let places = isOdd ? [1, 3] : [0, 2]
      let halves = places.enumerated().map { i, place in
        "  y[\(i)] = (int16_t)(\(isSum ? "y[\(i)] + " : "")x[\(place)]);"
      }
      return """
        \(l.inline) uint32_t @(uint32_t a\(isSum ? ", uint32_t c" : ""))
        {
        #if \(Self.dspFeature) && defined(__GNUC__)
          uint32_t r;
          __asm__("\(name) \(operands)" : "=r"(r) : \(inputs));
          return r;
        #else
          \(Self.scalar(element)) x[4];
          int16_t y[2];
          uint32_t r;
          memcpy(x, &a, sizeof x);
        \(isSum ? "  memcpy(y, &c, sizeof y);\n" : "")\(halves.joined(separator: "\n"))
          memcpy(&r, y, sizeof r);
          return r;
        #endif
        }
        """
    }
  }

  /// A sum with the products of two pairs.
  mutating func wordDot() -> String {
    usesMemory = true
    return function("word_dot") { l in
      let body = l.select(
        [(Self.dspFeature, "__smlad((int32_t)a, (int32_t)b, c)")],
        """
          int16_t x[2], y[2];
          memcpy(x, &a, sizeof x);
          memcpy(y, &b, sizeof y);
          return (int32_t)((uint32_t)c + (uint32_t)((int32_t)x[0] * y[0])
              + (uint32_t)((int32_t)x[1] * y[1]));
        """)
      return "\(l.inline) int32_t @(uint32_t a, uint32_t b, int32_t c)\n{\n\(body)\n}"
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

extension RuntimeLibrary {
  /// The smallest value of an integer type and the largest, as C, and the power of two past it as a float.
  private static func limits(
    _ element: ElementType, of float: ElementType
  ) -> (min: String, max: String, minFloat: String, past: String) {
    let isSigned = element.kind == .signed
    let exponent = isSigned ? element.bitCount - 1 : element.bitCount
    func literal(_ v: Double) -> String {
      float == .f64 ? CLiteral.double(v).text : CLiteral.float(Float(v)).text
    }
    let power = Double(sign: .plus, exponent: exponent, significand: 1)
    let name = (isSigned ? "INT" : "UINT") + "\(element.bitCount)"
    return (
      isSigned ? "\(name)_MIN" : "0", "\(name)_MAX", literal(isSigned ? -power : 0),
      literal(power)
    )
  }

  /// The bits of a number as a number of another type.
  mutating func reinterpret(_ from: ElementType, as element: ElementType) -> String {
    function("bits_\(from)_as_\(element)") { l in
      l.usesMemory = true
      let t = Self.scalar(element)
      return """
        \(l.inline) \(t) @(\(Self.scalar(from)) a)
        {
          \(t) r;
          memcpy(&r, &a, sizeof r);
          return r;
        }
        """
    }
  }

  /// A float truncated to an integer type, saturating; NaN becomes 0.
  mutating func truncate(_ from: ElementType, to element: ElementType, _ lanes: Int) -> String {
    let (min, max, minFloat, past) = Self.limits(element, of: from)
    let s = Self.scalar(element)
    let scalar = { (l: inout RuntimeLibrary) in
      l.function("\(from)_to_\(element)") { l in
        let low = element.kind == .signed ? "(a == a ? \(min) : 0)" : "0"
        return """
          \(l.inline) \(s) @(\(Self.scalar(from)) a)
          {
            return (\(s))(a >= \(past) ? \(max) : a > \(minFloat) ? (\(s))a : \(low));
          }
          """
      }
    }
    guard lanes > 1 else { return scalar(&self) }
    let isWide = from == .f64 || element.bitCount == 64 || element == .u32
    if isWide {
      let call = scalar(&self)
      usesMemory = true
      return function("\(from)_to_\(element)x\(lanes)") { l in
        let t = l.vector(element, lanes)
        // Through arrays: GCC 12 ends with an internal error where such vectors are made lane by lane.
        return """
          \(l.inline) \(t) @(\(l.vector(from, lanes)) a)
          {
            \(Self.scalar(from)) x[\(lanes)];
            \(s) y[\(lanes)];
            \(t) r;
            memcpy(x, &a, sizeof x);
            for (int i = 0; i < \(lanes); i++) y[i] = \(call)(x[i]);
            memcpy(&r, y, sizeof r);
            return r;
          }
          """
      }
    }
    return function("\(from)_to_\(element)x\(lanes)") { l in
      let t = l.vector(element, lanes)
      let f = l.vector(from, lanes)
      let m = l.vector(.i32, lanes)
      let splat = l.splat(.f32, lanes)
      let integers = l.splat(.i32, lanes)
      func compare(_ op: CBinary, _ b: CExpr) -> CExpr {
        l.comparison(op, .name("a"), b, .f32, lanes)
      }
      if element == .i32 {
        let high = CPrinter.text(compare(.greaterEqual, .call(splat, [.name(past)])))
        let low = CPrinter.text(compare(.lessEqual, .call(splat, [.name(minFloat)])))
        let ordered = CPrinter.text(compare(.equal, .name("a")))
        return """
          \(l.inline) \(t) @(\(f) a)
          {
            const \(m) high = \(high);
            const \(m) low = \(low);
            const \(m) in = ~(high | low) & \(ordered);
            const \(m) r = __builtin_convertvector((\(f))((\(m))a & in), \(m));
            return r | (high & \(integers)(\(max))) | (low & \(integers)(\(min)));
          }
          """
      }
      let ordered = CPrinter.text(compare(.equal, .name("a")))
      let least = l.extreme(.minimum, .f32, lanes)
      let most = l.extreme(.maximum, .f32, lanes)
      let top = element.integerRange.map { CLiteral.float(Float($0.upperBound)).text } ?? past
      return """
        \(l.inline) \(t) @(\(f) a)
        {
          const \(f) x = (\(f))((\(m))a & \(ordered));
          const \(f) y = \(least)(\(most)(x, \(splat)(\(minFloat))), \(splat)(\(top)));
          return __builtin_convertvector(__builtin_convertvector(y, \(m)), \(t));
        }
        """
    }
  }

  /// A float rounded to the nearest integer, ties to even, plus a small integer, saturated to a narrow type; NaN becomes 0.
  mutating func round(to element: ElementType) -> String {
    let truncate = self.truncate(.f32, to: element, 1)
    usesMath = true
    usesMemory = true
    let (min, max, _, _) = Self.limits(element, of: .f32)
    return function("f32_round_\(element)") { l in
      let s = Self.scalar(element)
      // Where the library rounds by calls, the conversion does it in one instruction, in the mode that is the usual one.
      return """
        \(l.inline) \(s) @(float a, int32_t zero)
        {
        #if defined(__GNUC__) && defined(__ARM_FP) && !defined(__aarch64__) && !defined(__SOFTFP__)
          float bits;
          int32_t r;
          __asm__("vcvtr.s32.f32 %0, %1" : "=t"(bits) : "t"(a));
          memcpy(&r, &bits, sizeof r);
          r = (r < -1048576 ? -1048576 : r > 1048575 ? 1048575 : r) + zero;
          r = r < \(min) ? \(min) : r > \(max) ? \(max) : r;
          return (\(s))(a == a ? r : 0);
        #else
          return \(truncate)(rintf(a) + (float)zero);
        #endif
        }
        """
    }
  }

  /// An integer clamped to another integer type; the result still has the type it came in.
  mutating func clamp(
    _ from: ElementType, to element: ElementType, _ lanes: Int
  ) -> String? {
    guard let source = from.integerRange, let wanted = element.integerRange else { return nil }
    // The largest u64 is beyond Int64; where the source is u64 its range ends as if it were not, and it
    // never has to be clamped from below.
    let low = wanted.lowerBound > source.lowerBound ? wanted.lowerBound : nil
    let needsHigh = from == .u64 ? element != .u64 : wanted.upperBound < source.upperBound
    let high = needsHigh ? wanted.upperBound : nil
    guard low != nil || high != nil else { return nil }
    return function("clamp_\(from)_\(element)x\(lanes)") { l in
      let t = l.type(from, lanes)
      func literal(_ v: Int64, _ l: inout RuntimeLibrary) -> String {
        let text: String
        switch from {
        case .u64: text = CLiteral.unsigned64(UInt64(bitPattern: v)).text
        case .u32: text = CLiteral.unsigned(UInt64(bitPattern: v)).text
        case .i64: text = CLiteral.signed64(v).text
        default: text = CLiteral.signed(v).text
        }
        return lanes == 1 ? text : "\(l.splat(from, lanes))(\(text))"
      }
      var value = "a"
      if let low { value = "\(l.extreme(.maximum, from, lanes))(\(value), \(literal(low, &l)))" }
      if let high { value = "\(l.extreme(.minimum, from, lanes))(\(value), \(literal(high, &l)))" }
      return "\(l.inline) \(t) @(\(t) a)\n{\n  return \(value);\n}"
    }
  }

  /// f32 from the bits of a narrower float.
  mutating func widen(_ element: ElementType) -> String {
    usesMemory = true
    return element == .bf16
      ? function("bf16_to_f32") { l in
        """
        \(l.inline) float @(uint16_t h)
        {
          const uint32_t u = (uint32_t)h << 16;
          float f;
          memcpy(&f, &u, sizeof f);
          return f;
        }
        """
      }
      : function("f16_to_f32") { l in
        """
        \(l.inline) float @(uint16_t h)
        {
          const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
          const uint32_t rest = (uint32_t)(h & 0x7FFFu) << 13;
          uint32_t u;
          float f;
          if (rest >= 0x0F800000u) {
            u = rest | 0x7F800000u;
          } else if (rest >= 0x00800000u) {
            u = rest + 0x38000000u;
          } else {
            /* Subnormal: the fraction as a number, in units of 2^-24. */
            f = (float)(int32_t)(rest >> 13) * 5.9604645e-08f;
            memcpy(&u, &f, sizeof u);
          }
          u |= sign;
          memcpy(&f, &u, sizeof f);
          return f;
        }
        """
      }
  }

  /// The bits of a narrower float from f32, to the nearest, ties to even.
  mutating func narrow(_ element: ElementType) -> String {
    usesMemory = true
    return element == .bf16
      ? function("f32_to_bf16") { l in
        """
        \(l.inline) uint16_t @(float f)
        {
          uint32_t u;
          memcpy(&u, &f, sizeof u);
          if ((u & 0x7FFFFFFFu) > 0x7F800000u) return (uint16_t)((u >> 31 << 15) | 0x7FC0u);
          return (uint16_t)((u + 0x7FFFu + ((u >> 16) & 1u)) >> 16);
        }
        """
      }
      : function("f32_to_f16") { l in
        """
        \(l.inline) uint16_t @(float f)
        {
          uint32_t u, sign, rest;
          memcpy(&u, &f, sizeof u);
          sign = u >> 31 << 15;
          rest = u & 0x7FFFFFFFu;
          if (rest > 0x7F800000u) return (uint16_t)(sign | 0x7E00u);
          if (rest >= 0x477FF000u) return (uint16_t)(sign | 0x7C00u);
          if (rest < 0x38800000u) {
            /* Subnormal: adding 0.5 rounds to units of 2^-24 in the low bits. */
            float x;
            memcpy(&x, &rest, sizeof x);
            x += 0.5f;
            memcpy(&u, &x, sizeof u);
            return (uint16_t)(sign | (u - 0x3F000000u));
          }
          rest += 0xFFFu + ((rest >> 13) & 1u);
          return (uint16_t)(sign | ((rest - 0x38000000u) >> 13));
        }
        """
      }
  }
}

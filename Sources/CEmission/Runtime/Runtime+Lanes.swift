// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

extension RuntimeLibrary {
  /// One number in all lanes.
  mutating func splat(_ element: ElementType, _ lanes: Int) -> String {
    function("splat_\(element)x\(lanes)") { l in
      let t = l.vector(element, lanes)
      let list = Array(repeating: "a", count: lanes).joined(separator: ", ")
      return """
        \(l.inline) \(t) @(\(Self.scalar(element)) a)
        {
          const \(t) r = {\(list)};
          return r;
        }
        """
    }
  }

  /// Lane by lane the second operand where the mask is set, else the third.
  mutating func select(_ element: ElementType, _ lanes: Int) -> String {
    function("select_\(element)x\(lanes)") { l in
      let t = l.vector(element, lanes)
      let m = l.mask(bits: element.bitCount, lanes)
      return """
        \(l.inline) \(t) @(\(m) m, \(t) a, \(t) b)
        {
          return (\(t))(((\(m))a & m) | ((\(m))b & ~m));
        }
        """
    }
  }

  /// The smaller or larger; the left one if they are equal or unordered.
  mutating func extreme(_ op: BinaryOperator, _ element: ElementType, _ lanes: Int) -> String {
    let name = op == .minimum ? "min" : "max"
    let sign = op == .minimum ? "<" : ">"
    return function("\(name)_\(element)x\(lanes)") { l in
      let t = l.type(element, lanes)
      guard lanes > 1 else {
        return """
          \(l.inline) \(t) @(\(t) a, \(t) b)
          {
            return b \(sign) a ? b : a;
          }
          """
      }
      let m = l.mask(bits: element.bitCount, lanes)
      // These instructions give their second operand if one is NaN or both are equal: ours is the left.
      let body = l.select(
        X86.binary(name, element, lanes, swapped: true, result: t)
          + Self.heliumExtreme(sign, element, lanes, result: t),
        """
          const \(m) m = (\(m))(b \(sign) a);
          return (\(t))(((\(m))b & m) | ((\(m))a & ~m));
        """)
      return "\(l.inline) \(t) @(\(t) a, \(t) b)\n{\n\(body)\n}"
    }
  }

  /// A function of numbers done lane by lane by the scalar expression `body` of `a` (and `b`).
  mutating func lanewise(
    _ name: String, _ element: ElementType, _ lanes: Int, operands: Int = 1,
    paths: [(condition: String, result: String)] = [], _ body: (String, String) -> String
  ) -> String {
    let scalar = body("a[i]", "b[i]")
    return function("\(name)_\(element)x\(lanes)") { l in
      let t = l.vector(element, lanes)
      let code = l.select(
        paths,
        """
          \(t) r = a;
          for (int i = 0; i < \(lanes); i++) r[i] = \(scalar);
          return r;
        """)
      let list = operands == 1 ? "\(t) a" : "\(t) a, \(t) b"
      return "\(l.inline) \(t) @(\(list))\n{\n\(code)\n}"
    }
  }

  /// All lanes joined, halves upon halves.
  mutating func horizontal(
    _ op: HorizontalOperator, _ element: ElementType, _ lanes: Int
  ) -> String {
    function("across_\(op.rawValue)_\(element)x\(lanes)") { l in
      let t = l.vector(element, lanes)
      let s = Self.scalar(element)
      let join: String
      switch op {
      case .add:
        join = element.isInteger
          ? Self.wrapped("a[i] + a[i + h]", element, ["a[i]", "a[i + h]"], "+") : "a[i] + a[i + h]"
      case .minimum: join = "a[i + h] < a[i] ? a[i + h] : a[i]"
      case .maximum: join = "a[i + h] > a[i] ? a[i + h] : a[i]"
      }
      return """
        \(l.inline) \(s) @(\(t) a)
        {
          for (int h = \(lanes / 2); h > 0; h /= 2)
            for (int i = 0; i < h; i++) a[i] = \(join);
          return a[0];
        }
        """
    }
  }

  /// Arithmetic on two numbers that wraps, without overflow of a signed type.
  static func wrapped(
    _ plain: String, _ element: ElementType, _ operands: [String], _ sign: String
  ) -> String {
    let s = scalar(element)
    let bits = element.bitCount
    if bits < 16 || bits == 16 && element == .i16 { return "(\(s))(\(plain))" }
    let u = bits == 64 ? "uint64_t" : "uint32_t"
    return "(\(s))((\(u))\(operands[0]) \(sign) (\(u))\(operands[1]))"
  }
}

/// Names of x86 intrinsics.
enum X86 {
  /// The prefix, register type and condition for float vectors of this shape.
  private static func floats(
    _ element: ElementType, _ lanes: Int
  ) -> (prefix: String, suffix: String, type: String, feature: String)? {
    switch (element, lanes) {
    case (.f32, 16): ("_mm512", "ps", "__m512", "defined(__AVX512F__)")
    case (.f32, 8): ("_mm256", "ps", "__m256", "defined(__AVX__)")
    case (.f32, 4): ("_mm", "ps", "__m128", "defined(__SSE__)")
    case (.f64, 8): ("_mm512", "pd", "__m512d", "defined(__AVX512F__)")
    case (.f64, 4): ("_mm256", "pd", "__m256d", "defined(__AVX__)")
    case (.f64, 2): ("_mm", "pd", "__m128d", "defined(__SSE2__)")
    default: nil
    }
  }

  /// `min` or `max` of floats, or of integers where it is a single instruction.
  static func binary(
    _ name: String, _ element: ElementType, _ lanes: Int, swapped: Bool, result: String
  ) -> [(condition: String, result: String)] {
    if let f = floats(element, lanes) {
      let (x, y) = swapped ? ("b", "a") : ("a", "b")
      let call = "(\(result))\(f.prefix)_\(name)_\(f.suffix)((\(f.type))\(x), (\(f.type))\(y))"
      return [(f.feature, call)]
    }
    guard element.isInteger, element.bitCount <= 32 else { return [] }
    let sign = element.kind == .signed ? "i" : "u"
    let suffix = "ep\(sign)\(element.bitCount)"
    let narrow = element.bitCount < 32
    switch element.bitCount * lanes {
    case 512:
      return [
        (
          narrow ? "defined(__AVX512BW__)" : "defined(__AVX512F__)",
          "(\(result))_mm512_\(name)_\(suffix)((__m512i)a, (__m512i)b)"
        )
      ]
    case 256:
      return [
        ("defined(__AVX2__)", "(\(result))_mm256_\(name)_\(suffix)((__m256i)a, (__m256i)b)")
      ]
    case 128:
      return [
        ("defined(__SSE4_1__)", "(\(result))_mm_\(name)_\(suffix)((__m128i)a, (__m128i)b)")
      ]
    default: return []
    }
  }

  /// Rounding to an integer; the modes are those of `roundps`, without exceptions.
  static func round(
    _ mode: Int, _ element: ElementType, _ lanes: Int, result: String
  ) -> [(condition: String, result: String)] {
    guard let f = floats(element, lanes) else { return [] }
    let wide = f.prefix == "_mm512"
    // Without optimisation GCC's header has it as a macro that converts signs.
    let feature =
      f.prefix == "_mm" ? "defined(__SSE4_1__)"
      : wide ? f.feature + " && (defined(__OPTIMIZE__) || defined(__clang__))" : f.feature
    let name = wide ? "roundscale" : "round"
    return [(feature, "(\(result))\(f.prefix)_\(name)_\(f.suffix)((\(f.type))a, \(mode))")]
  }

  /// The square root.
  static func squareRoot(
    _ element: ElementType, _ lanes: Int, result: String
  ) -> [(condition: String, result: String)] {
    guard let f = floats(element, lanes) else { return [] }
    return [(f.feature, "(\(result))\(f.prefix)_sqrt_\(f.suffix)((\(f.type))a)")]
  }

  /// a·b + c.
  static func multiplyAdd(
    _ element: ElementType, _ lanes: Int, result: String
  ) -> [(condition: String, result: String)] {
    guard let f = floats(element, lanes) else { return [] }
    let feature = f.prefix == "_mm512" ? f.feature : "defined(__FMA__)"
    let list = ["a", "b", "c"].map { "(\(f.type))\($0)" }.joined(separator: ", ")
    return [(feature, "(\(result))\(f.prefix)_fmadd_\(f.suffix)(\(list))")]
  }
}

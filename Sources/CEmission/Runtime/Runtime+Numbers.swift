// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

extension RuntimeLibrary {
  /// A function of `<math.h>` for the element type.
  static func libm(_ name: String, _ element: ElementType) -> String {
    element == .f64 ? name : name + "f"
  }

  /// The C function of a float, or nil if it is none of `<math.h>`.
  static func libm(_ op: UnaryOperator) -> String? {
    switch op {
    case .squareRoot: "sqrt"
    case .exp, .log, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .tanh, .asinh, .acosh,
      .atanh, .erf, .floor, .ceil:
      op.rawValue
    case .roundEven: "rint"
    case .absolute: "fabs"
    case .negate, .logicalNot, .bitwiseNot, .isNaN: nil
    }
  }

  /// A function of `<math.h>` in each lane, by an instruction where one does it.
  mutating func math(_ op: UnaryOperator, _ element: ElementType, _ lanes: Int) -> String {
    let name = Self.libm(Self.libm(op) ?? op.rawValue, element)
    usesMath = true
    guard lanes > 1 else { return name }
    let t = vector(element, lanes)
    let paths: [(condition: String, result: String)]
    switch op {
    case .squareRoot: paths = X86.squareRoot(element, lanes, result: t)
    case .roundEven: paths = X86.round(8, element, lanes, result: t) + neon("rndn", element, lanes, t)
    case .floor: paths = X86.round(9, element, lanes, result: t) + neon("rndm", element, lanes, t)
    case .ceil: paths = X86.round(10, element, lanes, result: t) + neon("rndp", element, lanes, t)
    default: paths = []
    }
    return lanewise(op.rawValue, element, lanes, paths: paths) { a, _ in "\(name)(\(a))" }
  }

  private func neon(
    _ name: String, _ element: ElementType, _ lanes: Int, _ result: String
  ) -> [(condition: String, result: String)] {
    guard element == .f32, lanes == 4 else { return [] }
    let call = "(\(result))v\(name)q_f32((float32x4_t)a)"
    return [("defined(__aarch64__)", call), (Self.heliumFloat, call)]
  }

  /// The absolute value; of the smallest integer itself.
  mutating func absolute(_ element: ElementType, _ lanes: Int) -> String {
    if lanes == 1, element.isFloat {
      usesMath = true
      return Self.libm("fabs", element)
    }
    return function("abs_\(element)x\(lanes)") { l in
      let t = l.type(element, lanes)
      let bits = element.bitCount
      if element.isFloat {
        let u = l.vector(Self.unsigned(bits), lanes)
        let splat = l.splat(Self.unsigned(bits), lanes)
        let mask = bits == 64 ? "0x7FFFFFFFFFFFFFFFULL" : "0x7FFFFFFFu"
        return "\(l.inline) \(t) @(\(t) a)\n{\n  return (\(t))((\(u))a & \(splat)(\(mask)));\n}"
      }
      if element.kind == .unsigned { return "\(l.inline) \(t) @(\(t) a)\n{\n  return a;\n}" }
      if lanes == 1 {
        let negated = Self.wrapped("-a", element, ["0", "a"], "-")
        return "\(l.inline) \(t) @(\(t) a)\n{\n  return (\(t))(a < 0 ? \(negated) : a);\n}"
      }
      let u = l.vector(Self.unsigned(bits), lanes)
      return """
        \(l.inline) \(t) @(\(t) a)
        {
          const \(t) m = (\(t))(a < 0);
          return (\(t))((\(u))(a ^ m) - (\(u))m);
        }
        """
    }
  }

  /// The quotient or remainder of integers, truncated; the smallest by −1 wraps.
  mutating func quotient(_ op: BinaryOperator, _ element: ElementType, _ lanes: Int) -> String {
    let isDivision = op == .divide
    let scalar = function("\(isDivision ? "div" : "mod")_\(element)x1") { l in
      let t = Self.scalar(element)
      let sign = isDivision ? "/" : "%"
      if element.kind == .unsigned {
        return "\(l.inline) \(t) @(\(t) a, \(t) b)\n{\n  return (\(t))(a \(sign) b);\n}"
      }
      let special = isDivision ? Self.wrapped("-a", element, ["0", "a"], "-") : "0"
      return """
        \(l.inline) \(t) @(\(t) a, \(t) b)
        {
          return (\(t))(b == -1 ? \(special) : a \(sign) b);
        }
        """
    }
    guard lanes > 1 else { return scalar }
    return lanewise(isDivision ? "div" : "mod", element, lanes, operands: 2) { a, b in
      "\(scalar)(\(a), \(b))"
    }
  }

  /// A power of integers, wrapping; what is not an integer (a negative exponent) is truncated to 0.
  mutating func power(_ element: ElementType, _ lanes: Int) -> String {
    let scalar: String
    if element.isFloat {
      usesMath = true
      scalar = Self.libm("pow", element)
    } else {
      scalar = function("pow_\(element)x1") { l in
        let t = Self.scalar(element)
        let negative = """
            if (b < 0) return (\(t))(a == 1 ? 1 : a == -1 ? (b % 2 == 0 ? 1 : -1) : 0);

          """
        return """
          \(l.inline) \(t) @(\(t) a, \(t) b)
          {
            uint64_t r = 1, x = (uint64_t)a;
          \(element.kind == .signed ? negative : "")  \
          for (uint64_t n = (uint64_t)b; n != 0; n >>= 1) {
              if ((n & 1u) != 0) r *= x;
              x *= x;
            }
            return (\(t))r;
          }
          """
      }
    }
    guard lanes > 1 else { return scalar }
    return lanewise("pow", element, lanes, operands: 2) { a, b in "\(scalar)(\(a), \(b))" }
  }

  /// The remainder of floats, of the dividend's sign.
  mutating func floatModulo(_ element: ElementType, _ lanes: Int) -> String {
    usesMath = true
    let scalar = Self.libm("fmod", element)
    guard lanes > 1 else { return scalar }
    return lanewise("fmod", element, lanes, operands: 2) { a, b in "\(scalar)(\(a), \(b))" }
  }

  /// Whether a float is no number, as 0 or 1.
  mutating func isNaN(_ element: ElementType) -> String {
    function("isnan_\(element)") { l in
      "\(l.inline) int @(\(Self.scalar(element)) a)\n{\n  return a != a;\n}"
    }
  }

  /// The larger or smaller of two indices.
  mutating func indexExtreme(isLarger: Bool) -> String {
    function(isLarger ? "larger" : "smaller") { l in
      """
      \(l.inline) ptrdiff_t @(ptrdiff_t a, ptrdiff_t b)
      {
        return b \(isLarger ? ">" : "<") a ? b : a;
      }
      """
    }
  }
}

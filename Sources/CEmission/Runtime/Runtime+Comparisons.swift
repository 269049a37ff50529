// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

extension RuntimeLibrary {
  /// Whether vectors of this shape may be Helium's, which intrinsics compare: GCC 12 compares only
  /// the first lane of its float vectors where two masks of C's operators are joined.
  private static func isHelium(_ element: ElementType, _ lanes: Int) -> Bool {
    element == .f32 && lanes == 4
  }

  /// Where Helium's float intrinsics are.
  static let heliumFloat = "defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2)"

  /// The mask of a comparison of vectors: −1 in the lanes where it holds, else 0.
  mutating func comparison(
    _ op: CBinary, _ a: CExpr, _ b: CExpr, _ element: ElementType, _ lanes: Int
  ) -> CExpr {
    let mask = self.mask(bits: element.bitCount, lanes)
    guard Self.isHelium(element, lanes), let name = Self.comparisonName(op) else {
      return .cast(.named(mask), .binary(op, a, b))
    }
    return .call(comparison(op, name, element, lanes), [a, b])
  }

  /// The function that compares two Helium vectors.
  private mutating func comparison(
    _ op: CBinary, _ name: String, _ element: ElementType, _ lanes: Int
  ) -> String {
    function("\(name)_\(element)x\(lanes)") { l in
      let t = l.vector(element, lanes)
      let m = l.mask(bits: element.bitCount, lanes)
      let predicate = "vcmp\(name == "ne" ? "neq" : name + "q")_f32((float32x4_t)a, (float32x4_t)b)"
      let body = l.select(
        [(Self.heliumFloat, "(\(m))vpselq_s32(vdupq_n_s32(-1), vdupq_n_s32(0), \(predicate))")],
        "  return (\(m))(a \(op.rawValue) b);")
      return "\(l.inline) \(m) @(\(t) a, \(t) b)\n{\n\(body)\n}"
    }
  }

  private static func comparisonName(_ op: CBinary) -> String? {
    switch op {
    case .equal: "eq"
    case .notEqual: "ne"
    case .less: "lt"
    case .lessEqual: "le"
    case .greater: "gt"
    case .greaterEqual: "ge"
    default: nil
    }
  }

  /// The paths of the smaller or larger on Helium; the left one if they are equal or unordered.
  static func heliumExtreme(
    _ sign: String, _ element: ElementType, _ lanes: Int, result: String
  ) -> [(condition: String, result: String)] {
    guard isHelium(element, lanes) else { return [] }
    let name = sign == "<" ? "vcmpltq_f32" : "vcmpgtq_f32"
    let (a, b) = ("(float32x4_t)a", "(float32x4_t)b")
    return [(heliumFloat, "(\(result))vpselq_f32(\(b), \(a), \(name)(\(b), \(a)))")]
  }
}

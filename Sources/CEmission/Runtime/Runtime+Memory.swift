// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

extension RuntimeLibrary {
  /// The types by which kernels reach elements that are wider than a byte.
  var accessedTypeItems: [CItem] {
    guard !accessedTypes.isEmpty else { return [] }
    func typedefs(_ attributes: String) -> [CItem] {
      accessedTypes.map { .typedef(.named($0), "\(prefix)stored_\($0)", attributes: attributes) }
    }
    return [
      .blank, .comment(["Elements in memory; the arena's bytes hold one type after the other."]),
      .conditional("defined(__GNUC__)", typedefs("__attribute__((may_alias))"), typedefs("")),
    ]
  }

  /// The element at an index of packed or narrow elements, in the type that is computed in; nil if the
  /// element is loaded as it is.
  mutating func load(_ element: ElementType) -> String? {
    let s = Self.scalar(element.computed)
    switch element {
    case .f16, .bf16:
      let widen = self.widen(element)
      return function("load_\(element)") { l in
        let t = l.accessed(element)
        return "\(l.inline) float @(const \(t) *p, ptrdiff_t i)\n{\n  return \(widen)(p[i]);\n}"
      }
    case .bool:
      return function("load_bool") { l in
        "\(l.inline) int @(const uint8_t *p, ptrdiff_t i)\n{\n  return p[i] != 0;\n}"
      }
    case .i4, .u4, .u2, .b1:
      let bits = element.bitCount
      let per = 8 / bits
      let field = "((unsigned)p[i / \(per)] >> (unsigned)(i % \(per) * \(bits))) & \((1 << bits) - 1)u"
      let value: String
      switch element {
      case .i4: value = "(int8_t)((int)((\(field)) ^ 8u) - 8)"
      case .b1: value = "(int8_t)((int)((\(field)) << 1) - 1)"
      default: value = "(uint8_t)(\(field))"
      }
      return function("load_\(element)") { l in
        "\(l.inline) \(s) @(const uint8_t *p, ptrdiff_t i)\n{\n  return \(value);\n}"
      }
    case .f32, .f64, .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8: return nil
    }
  }

  /// The same for several elements; a `bool` vector comes as a mask of bytes.
  mutating func load(_ element: ElementType, _ lanes: Int) -> String? {
    if element == .bool {
      return function("load_boolx\(lanes)") { l in
        let t = l.mask(bits: 8, lanes)
        let u = l.unalignedVector(.u8, lanes)
        return """
          \(l.inline) \(t) @(const uint8_t *p, ptrdiff_t i)
          {
            return (\(t))(*(const \(u) *)(p + i) != 0);
          }
          """
      }
    }
    guard let one = load(element) else { return nil }
    return function("load_\(element)x\(lanes)") { l in
      let t = l.vector(element.computed, lanes)
      return """
        \(l.inline) \(t) @(const \(l.accessed(element)) *p, ptrdiff_t i)
        {
          \(t) r;
          for (int k = 0; k < \(lanes); k++) r[k] = \(one)(p, i + k);
          return r;
        }
        """
    }
  }

  /// Puts a computed value into a packed or narrow element; nil if it is stored as it is.
  mutating func store(_ element: ElementType) -> String? {
    switch element {
    case .f16, .bf16:
      let narrow = self.narrow(element)
      return function("store_\(element)") { l in
        let t = l.accessed(element)
        return "\(l.inline) void @(\(t) *p, ptrdiff_t i, float a)\n{\n  p[i] = \(narrow)(a);\n}"
      }
    case .bool:
      return function("store_bool") { l in
        "\(l.inline) void @(uint8_t *p, ptrdiff_t i, int a)\n{\n  p[i] = (uint8_t)(a != 0);\n}"
      }
    case .i4, .u4, .u2, .b1:
      let bits = element.bitCount
      let per = 8 / bits
      let mask = (1 << bits) - 1
      let value = element == .b1 ? "(a > 0 ? 1u : 0u)" : "((unsigned)a & \(mask)u)"
      return function("store_\(element)") { l in
        """
        \(l.inline) void @(uint8_t *p, ptrdiff_t i, \(Self.scalar(element.computed)) a)
        {
          const unsigned s = (unsigned)(i % \(per) * \(bits));
          p[i / \(per)] = (uint8_t)(((unsigned)p[i / \(per)] & ~(\(mask)u << s)) | (\(value) << s));
        }
        """
      }
    case .f32, .f64, .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8: return nil
    }
  }

  /// The same for several elements; a `bool` vector is given as a mask of bytes.
  mutating func store(_ element: ElementType, _ lanes: Int) -> String? {
    if element == .bool {
      return function("store_boolx\(lanes)") { l in
        let u = l.unalignedVector(.u8, lanes)
        let splat = l.splat(.i8, lanes)
        return """
          \(l.inline) void @(uint8_t *p, ptrdiff_t i, \(l.mask(bits: 8, lanes)) a)
          {
            *(\(u) *)(p + i) = (\(l.vector(.u8, lanes)))(a & \(splat)(1));
          }
          """
      }
    }
    guard let one = store(element) else { return nil }
    return function("store_\(element)x\(lanes)") { l in
      """
      \(l.inline) void @(\(l.accessed(element)) *p, ptrdiff_t i, \(l.vector(element.computed, lanes)) a)
      {
        for (int k = 0; k < \(lanes); k++) \(one)(p, i + k, a[k]);
      }
      """
    }
  }
}

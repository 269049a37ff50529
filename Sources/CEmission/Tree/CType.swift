// SPDX-License-Identifier: Apache-2.0

/// A C type, as far as emitted code needs them.
indirect enum CType: Hashable, Sendable {
  /// A type by its name: `float`, `int32_t`, a typedef of a vector.
  case named(String)
  /// A pointer; `isConst` is of what it points to.
  case pointer(CType, isConst: Bool, isRestrict: Bool)

  static let void = CType.named("void")
  static let int = CType.named("int")
  static let index = CType.named("ptrdiff_t")

  /// A pointer to what is read and written.
  static func pointer(_ to: CType) -> CType { .pointer(to, isConst: false, isRestrict: false) }
  /// A pointer to what is only read.
  static func constPointer(_ to: CType) -> CType { .pointer(to, isConst: true, isRestrict: false) }

  /// The type followed by what it declares; an empty name gives the abstract form of a cast.
  func declaring(_ name: String) -> String {
    switch self {
    case .named(let type): return name.isEmpty ? type : "\(type) \(name)"
    case .pointer(let to, let isConst, let isRestrict):
      let base = (isConst ? "const " : "") + to.declaring("")
      let star = base.hasSuffix("*") ? "*" : " *"
      return base + star + (isRestrict ? "restrict " : "") + name
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// The small functions that emitted code calls where C has no operator with the meaning wanted. Their
/// texts are C, kept as C in this folder; one is emitted only if it is used, after what it uses itself.
struct RuntimeLibrary {
  /// The prefix of all names, `model_`.
  let prefix: String
  /// The texts, each after those it depends on.
  private(set) var texts: [String] = []
  /// The vector types in use, in order of first use.
  private(set) var vectors: [VectorType] = []
  /// The types by which kernels reach memory, in order of first use.
  private(set) var accessedTypes: [String] = []
  /// Whether `<math.h>` is needed.
  var usesMath = false
  /// Whether `memcpy` of `<string.h>` is needed.
  var usesMemory = false
  /// Whether headers of instruction sets are needed.
  var usesIntrinsics = false
  private var known: Set<String> = []

  /// A vector of a computed element type; `bool` vectors are masks of signed integers.
  struct VectorType: Hashable {
    let element: ElementType
    let lanes: Int
  }

  /// An empty library for a model.
  init(prefix: String) { self.prefix = prefix }

  /// The name of the function `name`, whose text `make` gives if it is not yet there. The text says
  /// `@` for the function's own name.
  mutating func function(_ name: String, _ make: (inout RuntimeLibrary) -> String) -> String {
    let full = prefix + name
    if known.insert(full).inserted {
      let text = make(&self)
      texts.append(text.replacing("@", with: full))
    }
    return full
  }

  /// The specifier of all functions of the library.
  var inline: String { CNames.upper(prefix) + "INLINE" }

  /// The C type of a number.
  static func scalar(_ element: ElementType) -> String {
    switch element.computed {
    case .f64: "double"
    case .i64: "int64_t"
    case .u64: "uint64_t"
    case .i32: "int32_t"
    case .u32: "uint32_t"
    case .i16: "int16_t"
    case .u16: "uint16_t"
    case .i8: "int8_t"
    case .u8: "uint8_t"
    case .bool: "int"
    case .f32, .f16, .bf16, .i4, .u4, .u2, .b1: "float"
    }
  }

  /// The C type of an element in memory.
  static func stored(_ element: ElementType) -> String {
    switch element {
    case .f16, .bf16: "uint16_t"
    case .bool, .i4, .u4, .u2, .b1: "uint8_t"
    default: scalar(element)
    }
  }

  /// The C type by which a kernel reaches elements in memory: as stored, but allowed to lie where other types were (bytes of the arena
  /// serve one tensor after the other).
  mutating func accessed(_ element: ElementType) -> String {
    let stored = Self.stored(element)
    guard element.bitCount > 8 else { return stored }
    if !accessedTypes.contains(stored) { accessedTypes.append(stored) }
    return "\(prefix)stored_\(stored)"
  }

  /// The C type of a vector.
  mutating func vector(_ element: ElementType, _ lanes: Int) -> String {
    let type = VectorType(element: element, lanes: lanes)
    if !vectors.contains(type) { vectors.append(type) }
    return "\(prefix)\(element.rawValue)x\(lanes)"
  }

  /// The C type of a vector in memory, aligned only like its elements.
  mutating func unalignedVector(_ element: ElementType, _ lanes: Int) -> String {
    vector(element, lanes) + "u"
  }

  /// The C type of a number or vector.
  mutating func type(_ element: ElementType, _ lanes: Int) -> String {
    lanes == 1 ? Self.scalar(element) : vector(element, lanes)
  }

  /// The signed type that holds a mask for elements of so many bits.
  mutating func mask(bits: Int, _ lanes: Int) -> String {
    vector(Self.signed(bits), lanes)
  }

  /// The signed integer type of a width.
  static func signed(_ bits: Int) -> ElementType {
    switch bits {
    case 8: .i8
    case 16: .i16
    case 32: .i32
    default: .i64
    }
  }

  /// The unsigned integer type of a width.
  static func unsigned(_ bits: Int) -> ElementType {
    switch bits {
    case 8: .u8
    case 16: .u16
    case 32: .u32
    default: .u64
    }
  }

  /// `return` statements for instruction sets, first match first, and a portable one for all others.
  mutating func select(_ paths: [(condition: String, result: String)], _ portable: String) -> String {
    guard !paths.isEmpty else { return portable }
    usesIntrinsics = true
    var text = ""
    for (i, path) in paths.enumerated() {
      text += "\(i == 0 ? "#if" : "#elif") \(path.condition)\n  return \(path.result);\n"
    }
    return text + "#else\n" + portable + "\n#endif"
  }
}

extension String {
  /// The text with each occurrence of a one-character mark replaced.
  func replacing(_ mark: Character, with text: String) -> String {
    split(separator: mark, omittingEmptySubsequences: false).joined(separator: text)
  }
}

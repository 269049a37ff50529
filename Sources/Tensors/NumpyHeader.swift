// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The header of a `.npy` file: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct NumpyHeader {
  var type: TensorType
  var isBigEndian = false
  var isColumnMajor = false

  /// The most axes that numpy's arrays have.
  static let rankLimit = 64

  /// The header of a tensor in row-major order.
  init(type: TensorType) { self.type = type }

  /// The header as numpy writes it, without what fills it up.
  var text: String {
    let extents = type.shape.extents
    let shape = extents.count == 1 ? "(\(extents[0]),)"
      : "(" + extents.map(String.init).joined(separator: ", ") + ")"
    let name = Self.name(of: type.element)
    return "{'descr': '\(name)', 'fortran_order': False, 'shape': \(shape), }"
  }

  /// Reads a header; throws for what is no such dictionary.
  init(parsing bytes: Bytes) throws(Failure) {
    var scanner = Scanner(bytes)
    var description: String?
    var extents: [Int]?
    var isColumnMajor: Bool?
    try scanner.expect("{")
    while !scanner.take("}") {
      let key = try scanner.string()
      try scanner.expect(":")
      switch key {
      case "descr": description = try scanner.elementDescription()
      case "fortran_order": isColumnMajor = try scanner.truth()
      case "shape": extents = try scanner.tuple()
      default: throw Failure("the header of the .npy file has an unknown entry '\(key)'")
      }
      if !scanner.take(",") {
        try scanner.expect("}")
        break
      }
    }
    guard scanner.isAtEnd else { throw Scanner.malformed }
    guard let description, let extents, let isColumnMajor else {
      throw Failure("the header of the .npy file lacks 'descr', 'fortran_order' or 'shape'")
    }
    guard extents.count <= Self.rankLimit, let shape = Shape(extents) else {
      throw Failure("the shape in the header of the .npy file is too large")
    }
    guard let element = Self.element(named: description) else {
      throw Failure(
        "numpy's element type '\(description)' is not supported",
        notes: [
          "supported: " + Self.names.map(\.name).joined(separator: " ") + ", either byte order"
        ],
        kind: .unsupported)
    }
    type = TensorType(element, shape)
    isBigEndian = description.hasPrefix(">") && element.bitCount > 8
    self.isColumnMajor = isColumnMajor
  }

  private static let names: [(name: String, element: ElementType)] = [
    ("f4", .f32), ("f2", .f16), ("f8", .f64), ("i1", .i8), ("i2", .i16), ("i4", .i32),
    ("i8", .i64), ("u1", .u8), ("u2", .u16), ("u4", .u32), ("u8", .u64), ("b1", .bool),
  ]

  /// What numpy calls an element type, with the byte order in front (`|` if there is none).
  private static func name(of element: ElementType) -> String {
    guard let entry = names.first(where: { $0.element == element }) else {
      unreachable("types that numpy lacks are widened before")
    }
    return (element.bitCount > 8 ? "<" : "|") + entry.name
  }

  private static func element(named description: String) -> ElementType? {
    guard let order = description.first, "<>|=".contains(order) else { return nil }
    guard let entry = names.first(where: { $0.name == description.dropFirst() }) else { return nil }
    // Without a byte order only single bytes make sense.
    return order == "|" && entry.element.bitCount > 8 ? nil : entry.element
  }
}

/// Reads the few forms of Python values that occur in a header.
private struct Scanner {
  private let text: [UInt8]
  private var offset = 0

  init(_ bytes: Bytes) { text = bytes.withUnsafeBytes { Array($0) } }

  static var malformed: Failure { Failure("the header of the .npy file is malformed") }

  var isAtEnd: Bool { text[offset...].allSatisfy(Self.isSpace) }

  mutating func take(_ word: String) -> Bool {
    while offset < text.count, Self.isSpace(text[offset]) { offset += 1 }
    guard text[offset...].starts(with: word.utf8) else { return false }
    offset += word.utf8.count
    return true
  }

  mutating func expect(_ word: String) throws(Failure) {
    guard take(word) else { throw Self.malformed }
  }

  mutating func string() throws(Failure) -> String {
    let quote: UInt8
    if take("'") { quote = UInt8(ascii: "'") } else if take("\"") { quote = UInt8(ascii: "\"") }
    else { throw Self.malformed }
    guard let end = text[offset...].firstIndex(of: quote) else { throw Self.malformed }
    defer { offset = end + 1 }
    return String(decoding: text[offset..<end], as: UTF8.self)
  }

  /// The element type's text; records, which are lists, have none that could be supported.
  mutating func elementDescription() throws(Failure) -> String {
    if take("[") {
      throw Failure("numpy's record arrays are not supported", kind: .unsupported)
    }
    return try string()
  }

  mutating func truth() throws(Failure) -> Bool {
    if take("True") { return true }
    try expect("False")
    return false
  }

  mutating func tuple() throws(Failure) -> [Int] {
    var extents: [Int] = []
    try expect("(")
    while !take(")") {
      while offset < text.count, Self.isSpace(text[offset]) { offset += 1 }
      let digits = text[offset...].prefix { $0 >= 0x30 && $0 <= 0x39 }
      guard let extent = Int(String(decoding: digits, as: UTF8.self)) else {
        throw Self.malformed
      }
      extents.append(extent)
      offset += digits.count
      // Python 2 wrote long integers with an L behind.
      _ = take("L")
      if !take(",") {
        try expect(")")
        break
      }
    }
    return extents
  }

  private static func isSpace(_ c: UInt8) -> Bool {
    c == 0x20 || c == 0x0A || c == 0x0D || c == 0x09
  }
}

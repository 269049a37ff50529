// SPDX-License-Identifier: Apache-2.0

/// Reads attribute values from the text of a `.fettle` file or of a pipeline. It works on a view of
/// the UTF-8 text and knows its position, so that what it throws points at the place.
public struct AttributeScanner: Sendable {
  private let text: [UInt8]
  private let file: String
  /// The offset of the next byte.
  public private(set) var offset: Int

  /// A scanner of `text` from `offset` on; `file` is what diagnostics name.
  public init(_ text: [UInt8], at offset: Int = 0, file: String = "") {
    self.text = text
    self.offset = offset
    self.file = file
  }

  /// A scanner of a whole string.
  public init(_ text: String, file: String = "") { self.init(Array(text.utf8), file: file) }

  /// Skips white space and `//` comments.
  public mutating func skipSpace() {
    while offset < text.count {
      let c = text[offset]
      if c == 0x20 || c == 0x09 || c == 0x0A || c == 0x0D {
        offset += 1
      } else if c == 0x2F, offset + 1 < text.count, text[offset + 1] == 0x2F {
        while offset < text.count, text[offset] != 0x0A { offset += 1 }
      } else {
        return
      }
    }
  }

  /// Whether nothing but space is left.
  public var isAtEnd: Bool {
    var copy = self
    copy.skipSpace()
    return copy.offset >= copy.text.count
  }

  /// The next character that is not space, left in place.
  public mutating func peek() -> UInt8? {
    skipSpace()
    return offset < text.count ? text[offset] : nil
  }

  /// Takes the punctuation if it is next.
  public mutating func take(_ punctuation: String) -> Bool {
    skipSpace()
    let wanted = Array(punctuation.utf8)
    guard text.count - offset >= wanted.count,
      text[offset..<offset + wanted.count].elementsEqual(wanted)
    else { return false }
    offset += wanted.count
    return true
  }

  /// Takes the punctuation or says that it is missing.
  public mutating func expect(_ punctuation: String) throws(Failure) {
    guard take(punctuation) else { throw missing("'\(punctuation)'") }
  }

  /// A word: letters, digits, `_`, `-` and `.`, starting with a letter or `_`.
  public mutating func word() throws(Failure) -> String {
    skipSpace()
    let start = offset
    while offset < text.count, Self.isWordByte(text[offset], first: offset == start) {
      offset += 1
    }
    guard offset > start else { throw missing("a word") }
    return String(decoding: text[start..<offset], as: UTF8.self)
  }

  /// A decimal integer with an optional sign.
  public mutating func integer() throws(Failure) -> Int {
    let start = position()
    let digits = numeral()
    guard let value = Int(digits) else {
      offset = start
      throw failure(digits.isEmpty ? "expected an integer\(found)" : "'\(digits)' is no integer")
    }
    return value
  }

  /// A number as Swift prints a `Double`: decimal, with an exponent, `inf`, `-inf` or `nan`.
  public mutating func number() throws(Failure) -> Double {
    let start = position()
    let digits = numeral()
    guard let value = Double(digits) else {
      offset = start
      throw failure(digits.isEmpty ? "expected a number\(found)" : "'\(digits)' is no number")
    }
    return value
  }

  /// A quoted string with the escapes `\"`, `\\`, `\n`, `\t` and `\u{hex}`.
  public mutating func string() throws(Failure) -> String {
    try expect("\"")
    var bytes: [UInt8] = []
    while offset < text.count {
      let c = text[offset]
      offset += 1
      switch c {
      case 0x22: return String(decoding: bytes, as: UTF8.self)
      case 0x5C: try bytes.append(contentsOf: escape())
      default: bytes.append(c)
      }
    }
    throw failure("a string is not closed")
  }

  /// What stands up to the next space, comma, closing bracket or brace.
  public mutating func bareText() throws(Failure) -> String {
    skipSpace()
    let bytes = text[offset...].prefix { $0 > 0x20 && $0 != 0x2C && $0 != 0x5D && $0 != 0x7D }
    guard !bytes.isEmpty else { throw failure("expected a text\(found)") }
    offset = bytes.endIndex
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A failure at the present place.
  public func failure(_ message: String, notes: [String] = []) -> Failure {
    let before = text[..<Swift.min(offset, text.count)]
    let line = before.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let column = String(decoding: before[lineStart...], as: UTF8.self).count + 1
    return Failure(message, at: Origin(file: file, line: line, column: column), notes: notes)
  }

  /// A failure that says what should stand at the present place, and what does.
  public func missing(_ expected: String, notes: [String] = []) -> Failure {
    failure("expected \(expected)\(found)", notes: notes)
  }

  /// A failure that says that a word is none of those expected.
  public func unexpected(_ word: String, expected: String, among known: [String] = []) -> Failure {
    failure(
      "'\(word)' is not understood here; expected \(expected)",
      notes: Spelling.nearest(to: word, among: known).map { ["did you mean '\($0)'?"] } ?? [])
  }

  private mutating func position() -> Int {
    skipSpace()
    return offset
  }

  private var found: String {
    guard offset < text.count else { return ", found the end" }
    // Up to a bracket or brace that closes something in front of it.
    let line = text[offset...].prefix { $0 != 0x0A }.prefix(12)
    let own = line.prefix { $0 != 0x5D && $0 != 0x7D }
    return ", found '\(String(decoding: own.isEmpty ? line : own, as: UTF8.self))'"
  }

  private mutating func numeral() -> String {
    let start = offset
    while offset < text.count {
      let c = text[offset]
      let sign = c == 0x2B || c == 0x2D
      let afterExponent = offset > start && (text[offset - 1] | 0x20) == 0x65
      guard sign ? (offset == start || afterExponent) : Self.isNumeralByte(c) else { break }
      offset += 1
    }
    return String(decoding: text[start..<offset], as: UTF8.self)
  }

  private mutating func escape() throws(Failure) -> [UInt8] {
    guard offset < text.count else { throw failure("a string is not closed") }
    let c = text[offset]
    offset += 1
    switch c {
    case 0x22, 0x5C: return [c]
    case 0x6E: return [0x0A]
    case 0x74: return [0x09]
    case 0x75:
      try expect("{")
      let digits = String(decoding: text[offset...].prefix { $0 != 0x7D }.prefix(8), as: UTF8.self)
      guard let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) else {
        throw failure("'\(digits)' is no Unicode scalar")
      }
      offset += digits.utf8.count
      try expect("}")
      return Array(String(Character(scalar)).utf8)
    default: throw failure("unknown escape in a string")
    }
  }

  /// Whether a word is next.
  mutating func isAtWord() -> Bool {
    peek().map { Self.isWordByte($0, first: true) } ?? false
  }

  private static func isWordByte(_ c: UInt8, first: Bool) -> Bool {
    let letter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7A || c == 0x5F
    let digit = c >= 0x30 && c <= 0x39
    return letter || !first && (digit || c == 0x2D || c == 0x2E)
  }

  private static func isNumeralByte(_ c: UInt8) -> Bool {
    let letter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7A
    return letter || c >= 0x30 && c <= 0x39 || c == 0x2E
  }
}

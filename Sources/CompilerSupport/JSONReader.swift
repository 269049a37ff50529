// SPDX-License-Identifier: Apache-2.0

/// Reads JSON by the letter of RFC 8259.
public struct JSONReader {
  /// How deep arrays and objects may lie in each other.
  public static let depthLimit = 100

  private let source: UnsafeRawBufferPointer
  private let file: String
  private var offset = 0

  init(_ source: UnsafeRawBufferPointer, file: String) {
    self.source = source
    self.file = file
  }

  /// The one value that the text is.
  mutating func document() throws(Failure) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard offset == source.count else { throw failure("more text behind the JSON value") }
    return value
  }

  private mutating func value(depth: Int) throws(Failure) -> JSONValue {
    skipSpace()
    guard let c = next else { throw failure("the JSON text ends where a value should be") }
    switch c {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), 0x30...0x39: return try number()
    default:
      if take("null") { return .null }
      if take("true") { return .bool(true) }
      if take("false") { return .bool(false) }
      throw failure("a JSON value cannot start like this")
    }
  }

  private mutating func array(depth: Int) throws(Failure) -> JSONValue {
    try enter(depth)
    var elements: [JSONValue] = []
    skipSpace()
    if take("]") { return .array(elements) }
    while true {
      elements.append(try value(depth: depth))
      skipSpace()
      if take("]") { return .array(elements) }
      guard take(",") else { throw failure("expected ',' or ']' in a JSON array") }
    }
  }

  private mutating func object(depth: Int) throws(Failure) -> JSONValue {
    try enter(depth)
    var members: [JSONValue.Member] = []
    var names: Set<String> = []
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw failure("expected a name in a JSON object") }
      let name = try string()
      guard names.insert(name).inserted else {
        throw failure("the name '\(name)' is given twice in one JSON object")
      }
      skipSpace()
      guard take(":") else { throw failure("expected ':' behind a name in a JSON object") }
      members.append(JSONValue.Member(name, try value(depth: depth)))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw failure("expected ',' or '}' in a JSON object") }
    }
  }

  private mutating func enter(_ depth: Int) throws(Failure) {
    guard depth <= Self.depthLimit else {
      throw failure("JSON nested deeper than \(Self.depthLimit) levels")
    }
    offset += 1
  }

  private mutating func number() throws(Failure) -> JSONValue {
    let start = offset
    _ = take("-")
    let leadingZero = next == UInt8(ascii: "0")
    let whole = skipDigits()
    guard whole > 0, !(leadingZero && whole > 1) else { throw failure("a malformed JSON number") }
    var integral = true
    if take(".") {
      integral = false
      guard skipDigits() > 0 else { throw failure("a malformed JSON number") }
    }
    if let c = next, c | 0x20 == UInt8(ascii: "e") {
      integral = false
      offset += 1
      if !take("+") { _ = take("-") }
      guard skipDigits() > 0 else { throw failure("a malformed JSON number") }
    }
    let text = String(decoding: source[start..<offset], as: UTF8.self)
    // Minus zero stays a floating-point number, or its sign would be lost.
    if integral, text != "-0", let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw failure("a JSON number too large for a double")
    }
    return .number(value)
  }

  private mutating func string() throws(Failure) -> String {
    offset += 1
    var bytes: [UInt8] = []
    while let c = next {
      switch c {
      case UInt8(ascii: "\""):
        offset += 1
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.utf8.elementsEqual(bytes) else {
          throw failure("a JSON string that is not UTF-8")
        }
        return text
      case UInt8(ascii: "\\"):
        offset += 1
        bytes.append(contentsOf: try escape())
      case 0..<0x20: throw failure("a control character in a JSON string")
      default:
        bytes.append(c)
        offset += 1
      }
    }
    throw failure("a JSON string is not closed")
  }

  private mutating func escape() throws(Failure) -> [UInt8] {
    let c = next
    offset += 1
    switch c {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [c ?? 0]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var code = try hexUnit()
      if code >= 0xD800, code < 0xDC00 {
        guard take("\\u") else { throw failure("half a surrogate pair in a JSON string") }
        let low = try hexUnit()
        guard low >= 0xDC00, low < 0xE000 else {
          throw failure("half a surrogate pair in a JSON string")
        }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else {
        throw failure("half a surrogate pair in a JSON string")
      }
      return Array(String(Character(scalar)).utf8)
    default:
      offset = Swift.min(offset, source.count)
      throw failure("an unknown escape in a JSON string")
    }
  }

  private mutating func hexUnit() throws(Failure) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let c = next, let digit = Character(Unicode.Scalar(c)).hexDigitValue else {
        throw failure("expected four hexadecimal digits in a JSON string")
      }
      code = code << 4 | UInt32(digit)
      offset += 1
    }
    return code
  }

  /// The next byte, left in place.
  private var next: UInt8? { offset < source.count ? source[offset] : nil }

  private mutating func take(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard source.count - offset >= length else { return false }
    for i in 0..<length where source[offset + i] != word.utf8Start[i] { return false }
    offset += length
    return true
  }

  private mutating func skipDigits() -> Int {
    let start = offset
    while let c = next, c >= 0x30, c <= 0x39 { offset += 1 }
    return offset - start
  }

  private mutating func skipSpace() {
    while let c = next, c == 0x20 || c == 0x0A || c == 0x0D || c == 0x09 { offset += 1 }
  }

  private func failure(_ message: String) -> Failure {
    let before = source[..<Swift.min(offset, source.count)]
    let line = before.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
    let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let column = String(decoding: before[lineStart...], as: UTF8.self).count + 1
    return Failure(message, at: Origin(file: file, line: line, column: column))
  }
}

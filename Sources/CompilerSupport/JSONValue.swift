// SPDX-License-Identifier: Apache-2.0

/// A JSON value (RFC 8259). Objects keep the order of their members.
public indirect enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// A number written without fraction and exponent that fits an `Int`.
  case integer(Int)
  /// Any other number.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// A name and a value of an object.
  public struct Member: Equatable, Sendable {
    public var name: String
    public var value: JSONValue

    /// A member.
    public init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// The member of that name, or nil if there is none or this is no object.
  public subscript(name: String) -> JSONValue? {
    members?.first { $0.name == name }?.value
  }

  /// The members of an object.
  public var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The elements of an array.
  public var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The text of a string.
  public var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// The truth value.
  public var flag: Bool? {
    if case .bool(let flag) = self { flag } else { nil }
  }

  /// A number that is an integer, however it is written.
  public var int: Int? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int(exactly: value)
    case .null, .bool, .string, .array, .object: nil
    }
  }

  /// Any number.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .null, .bool, .string, .array, .object: nil
    }
  }

  /// Reads one value from bytes; `file` is what failures name. Throws, with the place, for what is
  /// no JSON, for values nested deeper than `JSONReader.depthLimit`, for numbers too large for a
  /// double and for a name given twice in one object.
  public static func parse(_ bytes: Bytes, file: String = "") throws(Failure) -> JSONValue {
    try bytes.withUnsafeBytes { (buffer) throws(Failure) in
      var reader = JSONReader(buffer, file: file)
      return try reader.document()
    }
  }

  /// Reads one value from a text; throws like the reader of bytes.
  public static func parse(_ text: String, file: String = "") throws(Failure) -> JSONValue {
    try parse(Bytes(text.utf8), file: file)
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { Member($0.0, $0.1) })
  }
}

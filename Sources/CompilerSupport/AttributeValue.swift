// SPDX-License-Identifier: Apache-2.0

/// A value that stands behind `name=` in the text form: an attribute of an op or an option of a
/// pass.
public protocol AttributeValue: Equatable, Sendable {
  /// What the documentation says a value looks like, as in `integer` or `[integer, …]`.
  static var form: String { get }
  /// The value read from the text behind `=`; the failure says what was expected.
  static func parse(_ tokens: inout AttributeScanner) throws(Failure) -> Self
  /// The text that `parse` reads back as the same value.
  var text: String { get }
}

extension Int: AttributeValue {
  public static var form: String { "integer" }
  public static func parse(_ tokens: inout AttributeScanner) throws(Failure) -> Int {
    try tokens.integer()
  }
  public var text: String { String(self) }
}

extension Bool: AttributeValue {
  public static var form: String { "true or false" }
  public static func parse(_ tokens: inout AttributeScanner) throws(Failure) -> Bool {
    guard tokens.isAtWord() else { throw tokens.missing(form) }
    let word = try tokens.word()
    switch word {
    case "true": return true
    case "false": return false
    default: throw tokens.unexpected(word, expected: form)
    }
  }
  public var text: String { self ? "true" : "false" }
}

extension Double: AttributeValue {
  public static var form: String { "number" }
  public static func parse(_ tokens: inout AttributeScanner) throws(Failure) -> Double {
    try tokens.number()
  }
  public var text: String { "\(self)" }
}

extension Float: AttributeValue {
  public static var form: String { "number" }
  public static func parse(_ tokens: inout AttributeScanner) throws(Failure) -> Float {
    Float(try tokens.number())
  }
  public var text: String { "\(self)" }
}

extension String: AttributeValue {
  public static var form: String { "\"text\"" }
  /// A quoted string; without quotes it goes up to the next space, comma, bracket or brace.
  public static func parse(_ tokens: inout AttributeScanner) throws(Failure) -> String {
    try tokens.peek() == 0x22 ? tokens.string() : tokens.bareText()
  }
  public var text: String { quoted }

  /// The text as a string with escapes; nothing invisible is left as it is.
  public var quoted: String {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      default:
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
          text += "\\u{\(String(scalar.value, radix: 16))}"
        default: text.unicodeScalars.append(scalar)
        }
      }
    }
    return text + "\""
  }
}

extension Array: AttributeValue where Element: AttributeValue {
  public static var form: String { "[\(Element.form), …]" }
  public static func parse(_ tokens: inout AttributeScanner) throws(Failure) -> [Element] {
    var elements: [Element] = []
    guard tokens.take("[") else {
      throw tokens.missing("'['", notes: ["several are written as [a,b], one as [a]"])
    }
    if tokens.take("]") { return elements }
    repeat { elements.append(try Element.parse(&tokens)) } while tokens.take(",")
    try tokens.expect("]")
    return elements
  }
  public var text: String { "[" + map(\.text).joined(separator: ",") + "]" }
}

/// An enumeration whose raw values are its words in the text form.
public protocol AttributeWord: AttributeValue, CaseIterable, RawRepresentable
where RawValue == String {}

extension AttributeWord {
  public static var form: String { allCases.map(\.rawValue).joined(separator: " | ") }
  public static func parse(_ tokens: inout AttributeScanner) throws(Failure) -> Self {
    guard tokens.isAtWord() else { throw tokens.missing(form) }
    let word = try tokens.word()
    guard let value = Self(rawValue: word) else {
      throw tokens.unexpected(word, expected: form, among: allCases.map(\.rawValue))
    }
    return value
  }
  public var text: String { rawValue }
}

/// One attribute of an op or one option of a pass, as a path into its struct: parser, printer,
/// default and documentation come from it.
public struct Field<Owner>: Sendable {
  /// The name in front of `=`.
  public let name: String
  /// What the documentation says of it.
  public let summary: String
  /// What a value looks like.
  public let form: String
  /// The text of the owner's value.
  public let text: @Sendable (Owner) -> String
  /// Reads a value into the owner.
  public let parse: @Sendable (inout Owner, inout AttributeScanner) throws(Failure) -> Void
  /// Whether two owners hold the same value.
  public let same: @Sendable (Owner, Owner) -> Bool
  /// The type of a value.
  public let valueType: any AttributeValue.Type
  /// The owner's value.
  public let value: @Sendable (Owner) -> any AttributeValue

  /// The field at `path`.
  public init<Value: AttributeValue>(
    _ name: String, _ path: WritableKeyPath<Owner, Value> & Sendable, _ summary: String
  ) {
    self.name = name
    self.summary = summary
    form = Value.form
    text = { $0[keyPath: path].text }
    parse = { (owner, tokens) throws(Failure) in
      owner[keyPath: path] = try Value.parse(&tokens)
    }
    same = { $0[keyPath: path] == $1[keyPath: path] }
    valueType = Value.self
    value = { $0[keyPath: path] }
  }
}

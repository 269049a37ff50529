// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// One property of a target: documentation, printing and the reading of a user's file come from it.
public struct TargetField: Sendable {
  /// The name in a target file, as in `ram-bytes`.
  public let name: String
  /// What the documentation says of it.
  public let summary: String
  /// What a value looks like.
  public let form: String
  /// The text of a target's value.
  public let text: @Sendable (Target) -> String
  /// Enters a value into a target; false if it has not the form.
  let read: @Sendable (inout Target, JSONValue) -> Bool

  init<Value: TargetValue>(
    _ name: String, _ path: WritableKeyPath<Target, Value> & Sendable, _ summary: String
  ) {
    self.name = name
    self.summary = summary
    form = Value.form
    text = { $0[keyPath: path].text }
    read = { target, json in
      guard let value = Value.read(json) else { return false }
      target[keyPath: path] = value
      return true
    }
  }
}

extension Target {
  /// All properties, in the order of the documentation.
  public static let fields: [TargetField] = [
    TargetField("name", \.name, "name on the command line"),
    TargetField("summary", \.summary, "what it is"),
    TargetField("features", \.features, "what its instruction set offers beyond integer code"),
    TargetField("vector-bits", \.vectorBits, "width of the vectors for integers, 0: none"),
    TargetField("float-vector-bits", \.floatVectorBits, "width of the vectors for floats, 0: none"),
    TargetField("vector-registers", \.vectorRegisters, "number of vector registers"),
    TargetField("float-registers", \.floatRegisters, "number of registers for scalar floats"),
    TargetField("integer-registers", \.integerRegisters, "number of general registers for data"),
    TargetField("l1-bytes", \.l1Bytes, "first-level data cache"),
    TargetField("l2-bytes", \.l2Bytes, "second-level cache of one core"),
    TargetField("pointer-bits", \.pointerBits, "width of a pointer"),
    TargetField("float-unit", \.floatUnit, "floats computed in hardware: f32 or also f64"),
    TargetField("flash-bytes", \.flashBytes, "flash for code and constants"),
    TargetField("ram-bytes", \.ramBytes, "RAM for arena, data and stack"),
    TargetField(
      "allows-unaligned", \.allowsUnaligned,
      "whether a load or store may be at any address"),
    TargetField("requantize", \.requantize, "how integer sums are brought back to few bits"),
    TargetField("code-style", \.codeStyle, "the C that is written"),
    TargetField("compiler", \.compiler, "C compiler and the flags that select the target"),
    TargetField("optimization", \.optimization, "flags that make the fastest code on the target"),
  ]

  /// A table of all properties with their values and meaning.
  public func describe() -> String {
    var table = Table(untitled: [.left, .left, .left])
    for field in Self.fields { table.row([field.name, field.text(self), field.summary]) }
    return table.text
  }
}

/// A type of property that can be printed and read from JSON.
protocol TargetValue: Sendable {
  static var form: String { get }
  static func read(_ json: JSONValue) -> Self?
  var text: String { get }
}

extension Int: TargetValue {
  static var form: String { "integer from 0 on" }
  static func read(_ json: JSONValue) -> Int? { json.int.flatMap { $0 >= 0 ? $0 : nil } }
  var text: String { String(self) }
}

extension Bool: TargetValue {
  static var form: String { "true or false" }
  static func read(_ json: JSONValue) -> Bool? { json.flag }
  var text: String { self ? "true" : "false" }
}

extension String: TargetValue {
  static var form: String { "string" }
  static func read(_ json: JSONValue) -> String? { json.text }
  var text: String { self }
}

extension Int?: TargetValue {
  static var form: String { "integer from 0 on, or null" }
  static func read(_ json: JSONValue) -> Int?? {
    json == .null ? .some(nil) : Int.read(json).map { .some($0) }
  }
  var text: String { map { String($0) } ?? "not known" }
}

extension [String]: TargetValue {
  static var form: String { "array of strings" }
  static func read(_ json: JSONValue) -> [String]? {
    guard let words = json.elements?.map(\.text), !words.contains(nil) else { return nil }
    return words.compactMap { $0 }
  }
  var text: String { joined(separator: " ") }
}

/// An enumeration that is written by its raw value.
protocol TargetWord: TargetValue, CaseIterable, RawRepresentable where RawValue == String {}

extension TargetWord {
  static var form: String { allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " | ") }
  static func read(_ json: JSONValue) -> Self? { json.text.flatMap(Self.init(rawValue:)) }
  var text: String { rawValue }
}

extension Target.FloatUnit: TargetWord {}
extension Target.RequantizeForm: TargetWord {}
extension Target.CodeStyle: TargetWord {}
extension Target.Feature: TargetWord {}

extension Set<Target.Feature>: TargetValue {
  static var form: String { "array of " + Element.form }
  static func read(_ json: JSONValue) -> Self? {
    guard let words = json.elements?.map(Element.read), !words.contains(nil) else { return nil }
    return Set(words.compactMap { $0 })
  }
  var text: String {
    let words = Element.allCases.filter(contains).map(\.rawValue)
    return words.isEmpty ? "none" : words.joined(separator: " ")
  }
}

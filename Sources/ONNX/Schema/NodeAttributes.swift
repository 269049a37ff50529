// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// The attributes of a node by name and kind. An attribute that is there but of another kind is a
/// failure that names the node and both kinds.
extension NodeProto {
  /// The attribute of a name, or nil.
  public func attribute(_ name: String) -> AttributeProto? {
    attributes.first { $0.name == name }
  }

  /// An integer, or nil if there is no such attribute.
  public func int(_ name: String) throws(Failure) -> Int64? {
    guard let found = attribute(name) else { return nil }
    guard case .int(let value) = found.value else { throw mismatch(found, expected: .int) }
    return value
  }

  /// An integer or its default.
  public func int(_ name: String, default value: Int64) throws(Failure) -> Int64 {
    try int(name) ?? value
  }

  /// An integer that stands for a truth value, or its default.
  public func flag(_ name: String, default value: Bool = false) throws(Failure) -> Bool {
    try int(name).map { $0 != 0 } ?? value
  }

  /// A number, or nil if there is no such attribute.
  public func float(_ name: String) throws(Failure) -> Float? {
    guard let found = attribute(name) else { return nil }
    guard case .float(let value) = found.value else { throw mismatch(found, expected: .float) }
    return value
  }

  /// A number or its default.
  public func float(_ name: String, default value: Float) throws(Failure) -> Float {
    try float(name) ?? value
  }

  /// A text (repaired where it is not UTF-8), or nil if there is no such attribute.
  public func string(_ name: String) throws(Failure) -> String? {
    guard let found = attribute(name) else { return nil }
    guard case .string(let value) = found.value else { throw mismatch(found, expected: .string) }
    return value.repairedText
  }

  /// A text or its default.
  public func string(_ name: String, default value: String) throws(Failure) -> String {
    try string(name) ?? value
  }

  /// Integers, or nil if there is no such attribute.
  public func ints(_ name: String) throws(Failure) -> [Int64]? {
    guard let found = attribute(name) else { return nil }
    guard case .ints(let values) = found.value else { throw mismatch(found, expected: .ints) }
    return values
  }

  /// Numbers, or nil if there is no such attribute.
  public func floats(_ name: String) throws(Failure) -> [Float]? {
    guard let found = attribute(name) else { return nil }
    guard case .floats(let values) = found.value else { throw mismatch(found, expected: .floats) }
    return values
  }

  /// Texts, or nil if there is no such attribute.
  public func strings(_ name: String) throws(Failure) -> [String]? {
    guard let found = attribute(name) else { return nil }
    guard case .strings(let values) = found.value else {
      throw mismatch(found, expected: .strings)
    }
    return values.map(\.repairedText)
  }

  /// A tensor as stored, or nil if there is no such attribute.
  public func tensor(_ name: String) throws(Failure) -> TensorProto? {
    guard let found = attribute(name) else { return nil }
    guard case .tensor(let value) = found.value else { throw mismatch(found, expected: .tensor) }
    return value
  }

  /// A graph, or nil if there is no such attribute.
  public func graph(_ name: String) throws(Failure) -> GraphProto? {
    guard let found = attribute(name) else { return nil }
    guard case .graph(let value) = found.value else { throw mismatch(found, expected: .graph) }
    return value
  }

  private func mismatch(
    _ attribute: AttributeProto, expected: AttributeProto.Kind
  ) -> Failure {
    let what =
      if case .reference(let name, _) = attribute.value {
        "refers to attribute '\(name)' of a function"
      } else {
        "is of kind \(attribute.value.kind.name)"
      }
    return Failure(
      "attribute '\(attribute.name)' \(what); \(expected.name) is expected",
      at: Origin(subject: subject))
  }
}

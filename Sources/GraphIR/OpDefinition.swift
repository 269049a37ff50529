// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Why operands do not fit an op, in words for the user.
public struct TypeMismatch: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  /// A mismatch that reads as a sentence without a full stop.
  public init(_ description: String) { self.description = description }
}

/// The operands of an op by name: an enumeration nested in the op, numbered from 0 in the order in which the
/// text form prints them.
public protocol OperandName: CaseIterable, Hashable, Sendable, RawRepresentable
where RawValue == Int {}

/// An operation of the graph: a struct whose stored properties are its attributes. What it means, how it
/// arrives from ONNX and how it is computed are conformances in the rooms for that.
public protocol OpDefinition: Sendable {
  /// The operands by name.
  associatedtype Operand: OperandName
  /// The mnemonic of the text form.
  static var name: String { get }
  /// One line of documentation: what is computed, with layouts.
  static var summary: String { get }
  /// Operands that may be absent, printed as `_` then (or left out at the end).
  static var optionalOperands: [Operand] { get }
  /// The last operand, if it may stand any number of times.
  static var variadicOperand: Operand? { get }
  /// The attributes.
  static var fields: [Field<Self>] { get }
  /// Whether the first two operands may change places.
  var isCommutative: Bool { get }
  /// The attribute, if there is one, whose word says which of several functions an op of the kind computes, as `function` of
  /// `unary`.
  static var variantAttribute: String? { get }
  /// The word of that attribute, empty without one. Drivers sort rewrites by it.
  var variant: String { get }
  /// The op with all attributes at their defaults.
  init()
  /// The types of the results, or what is wrong with the operands or attributes. Must not trap whatever they
  /// are.
  func resultTypes(of operands: OperandTypes<Self>) throws(TypeMismatch) -> [TensorType]
}

extension OpDefinition {
  public static var optionalOperands: [Operand] { [] }
  public static var variadicOperand: Operand? { nil }
  public var isCommutative: Bool { false }
  public static var variantAttribute: String? { nil }
  public var variant: String { "" }
}

/// The types of an op's operands, by name.
public struct OperandTypes<Op: OpDefinition>: Sendable {
  /// By slot; nil where an optional operand is absent.
  public let slots: [TensorType?]

  /// The types by slot.
  public init(_ slots: [TensorType?]) { self.slots = slots }

  /// The type of an operand, nil if it is absent.
  public subscript(operand: Op.Operand) -> TensorType? {
    operand.rawValue < slots.count ? slots[operand.rawValue] : nil
  }

  /// The type of an operand that must be there.
  public func require(_ operand: Op.Operand) throws(TypeMismatch) -> TensorType {
    guard let type = self[operand] else {
      throw TypeMismatch("operand '\(operand)' is missing")
    }
    return type
  }

  /// The types of a variadic operand, in order.
  public func all(_ operand: Op.Operand) -> [TensorType] {
    slots.dropFirst(operand.rawValue).compactMap { $0 }
  }
}

/// The shape with these extents, or the mismatch that says that there is none.
public func checkedShape(_ extents: [Int]) throws(TypeMismatch) -> Shape {
  guard let shape = Shape(extents) else {
    throw TypeMismatch("the result's shape \(extents.text) is negative or too large")
  }
  return shape
}

extension OpDefinition {
  /// The types of the results for operand types by slot, after a check of the number of operands.
  public func resultTypes(ofSlots slots: [TensorType?]) throws(TypeMismatch) -> [TensorType] {
    let names = Array(Operand.allCases)
    if Self.variadicOperand == nil, slots.count > names.count {
      throw TypeMismatch("\(slots.count) operands given, at most \(names.count) taken")
    }
    if let variadic = Self.variadicOperand,
      slots.dropFirst(variadic.rawValue).contains(where: { $0 == nil })
    {
      throw TypeMismatch("an operand of '\(variadic)' is missing")
    }
    for (position, name) in names.enumerated() {
      let isPresent = position < slots.count && slots[position] != nil
      if !isPresent, !Self.optionalOperands.contains(name) {
        throw TypeMismatch("operand '\(name)' is missing")
      }
    }
    return try resultTypes(of: OperandTypes<Self>(slots))
  }

  /// What the op is called in a picture: its name, and the value of its first attribute where that is a word, as in `unary relu`; then
  /// the other attributes that are not at their defaults.
  public var title: String {
    var words = [Self.name]
    var attributes = attributeTexts
    if let first = Self.fields.first {
      let value = first.text(self)
      let isWord = value.utf8.allSatisfy { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A || $0 == 0x5F }
      if isWord, value != "true", value != "false" {
        words.append(value)
        attributes.removeAll { $0 == "\(first.name)=\(value)" }
      }
    }
    return (words + attributes).joined(separator: " ")
  }

  /// The attributes whose value is not the default, as `name=text`. The texts decide, so that −0 is not taken
  /// for 0.
  public var attributeTexts: [String] {
    let defaults = Self()
    return Self.fields.compactMap { field in
      let text = field.text(self)
      return text == field.text(defaults) ? nil : "\(field.name)=\(text)"
    }
  }

  /// Whether another op is of this kind with the same attributes.
  public func isSame(as other: any OpDefinition) -> Bool {
    guard let other = other as? Self else { return false }
    return Self.fields.allSatisfy { $0.same(self, other) }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// A value of an expression in a rule.
enum RuleValue: Hashable, Sendable {
  case bool(Bool)
  case int(Int)
  case number(Double)
  case ints([Int])
  case numbers([Double])
  case word(String)
  case words([String])
  case type(TensorType)
  /// A tensor of the graph; nil where an optional operand is absent.
  case value(ValueID?)

  /// The value of an attribute; what is no number, list or truth is the word that the text form has.
  init(_ attribute: any AttributeValue) {
    switch attribute {
    case let value as Bool: self = .bool(value)
    case let value as Int: self = .int(value)
    case let value as Double: self = .number(value)
    case let value as Float: self = .number(Double(value))
    case let value as [Int]: self = .ints(value)
    case let value as [Double]: self = .numbers(value)
    case let value as [Float]: self = .numbers(value.map(Double.init))
    default: self = .word(attribute.text)
    }
  }

  /// As the text of an attribute, or of a reason why a rule does not apply.
  var text: String {
    switch self {
    case .bool(let value): value.text
    case .int(let value): value.text
    case .number(let value): value.text
    case .ints(let list): list.text
    case .numbers(let list): list.text
    case .word(let word): word
    case .words(let words): "[" + words.joined(separator: ",") + "]"
    case .type(let type): type.description
    case .value: "a tensor"
    }
  }

  /// An integer or number as a number.
  var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// A list, or a scalar as a list of one, as numbers.
  var doubles: [Double]? {
    switch self {
    case .ints(let list): list.map(Double.init)
    case .numbers(let list): list
    default: double.map { [$0] }
    }
  }

  /// A list of integers, or an integer as a list of one.
  var integers: [Int]? {
    switch self {
    case .ints(let list): list
    case .int(let value): [value]
    default: nil
    }
  }

  /// Whether two values are the same; integers count as the numbers that they are.
  func equals(_ other: RuleValue) -> Bool {
    if self == other { return true }
    if let a = double, let b = other.double { return a == b }
    switch (self, other) {
    case (.ints, .numbers), (.numbers, .ints): return doubles == other.doubles
    default: return false
    }
  }
}

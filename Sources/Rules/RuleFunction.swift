// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// A function of the rules' expressions.
public struct RuleFunction: Sendable {
  /// What an argument may be.
  enum Parameter: Sendable {
    case value, bool, int, number, ints, element
    /// An integer or a number.
    case scalar
    /// A list of integers or numbers.
    case list
    /// A list, or the integer or number that all its entries have.
    case arithmetic
  }

  /// What the result is.
  enum Result: Sendable {
    case fixed(RuleKind)
    /// The kind of the first argument.
    case first
    /// What an entry of the first argument is.
    case entry
    /// The first argument's kind, made a list.
    case listOfFirst
    /// What arithmetic makes of the arguments.
    case joined
  }

  /// The name in front of the parentheses.
  public let name: String
  /// The arguments as documentation shows them.
  public let form: String
  /// One line of documentation.
  public let summary: String
  let parameters: [Parameter]
  let result: Result
  let body: @Sendable ([RuleValue], Graph) throws(Declined) -> RuleValue

  init(
    _ name: String, _ form: String, _ parameters: [Parameter], _ result: Result, _ summary: String,
    _ body: @escaping @Sendable ([RuleValue], Graph) throws(Declined) -> RuleValue
  ) {
    self.name = name
    self.form = form
    self.parameters = parameters
    self.result = result
    self.summary = summary
    self.body = body
  }

  /// The kind of the result for arguments of these kinds, or nil if they do not fit.
  func kind(of arguments: [RuleKind]) -> RuleKind? {
    guard arguments.count == parameters.count,
      zip(parameters, arguments).allSatisfy({ $0.takes($1) })
    else { return nil }
    switch result {
    case .fixed(let kind): return kind
    case .first: return arguments[0]
    case .entry: return arguments[0] == .ints ? .int : .number
    case .listOfFirst: return arguments[0] == .int ? .ints : .numbers
    case .joined:
      return arguments.dropFirst().reduce(arguments.first) { $0?.joined(with: $1) }
    }
  }
}

extension RuleFunction.Parameter {
  func takes(_ kind: RuleKind) -> Bool {
    switch self {
    case .value: kind == .value
    case .bool: kind == .bool
    case .int: kind == .int
    case .number, .scalar: kind.isScalar
    case .ints: kind == .ints
    case .list: kind.isList
    case .arithmetic: kind.isList || kind.isScalar
    case .element: RuleKind.element.takes(kind)
    }
  }
}

extension RuleFunction {
  /// The functions, in the order of the documentation.
  public static let all: [RuleFunction] = tensors + elements + lists + numbers
}

/// What the arguments of a function are; the parser has checked their kinds.
extension [RuleValue] {
  func value(_ position: Int) throws(Declined) -> ValueID {
    guard case .value(let value?) = self[position] else { throw Declined("an operand is absent") }
    return value
  }

  func int(_ position: Int) throws(Declined) -> Int {
    guard case .int(let value) = self[position] else { throw Declined("there is no integer") }
    return value
  }

  func number(_ position: Int) throws(Declined) -> Double {
    guard let value = self[position].double else { throw Declined("there is no number") }
    return value
  }

  func ints(_ position: Int) throws(Declined) -> [Int] {
    guard let list = self[position].integers else { throw Declined("there is no list of integers") }
    return list
  }

  func element(_ position: Int) throws(Declined) -> ElementType {
    guard case .word(let word) = self[position], let element = ElementType(rawValue: word) else {
      throw Declined("there is no element type")
    }
    return element
  }
}

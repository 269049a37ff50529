// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// What an expression of a rule gives, known when the rule is read.
enum RuleKind: Equatable, Sendable {
  case bool, int, number, ints, numbers, type, value
  /// A word of some; empty: any.
  case word([String])
  /// A list of words of some; empty: any.
  case words([String])

  /// The kind of the element types' words.
  static let element = RuleKind.word(ElementType.allCases.map(\.rawValue))

  /// The kind of an attribute by the type of its value.
  init(of type: any AttributeValue.Type) {
    switch type {
    case is Bool.Type: self = .bool
    case is Int.Type: self = .int
    case is Double.Type, is Float.Type: self = .number
    case is [Int].Type: self = .ints
    case is [Double].Type, is [Float].Type: self = .numbers
    case let words as any AttributeWord.Type: self = .word(Self.words(words))
    default: self = .word([])
    }
  }

  private static func words<Word: AttributeWord>(_ type: Word.Type) -> [String] {
    Word.allCases.map(\.rawValue)
  }

  /// With an article, for messages.
  var text: String {
    switch self {
    case .bool: "true or false"
    case .int: "an integer"
    case .number: "a number"
    case .ints: "a list of integers"
    case .numbers: "a list of numbers"
    case .type: "a tensor type"
    case .value: "a tensor"
    case .word: "a word"
    case .words: "a list of words"
    }
  }

  /// Whether it is an integer or a number.
  var isScalar: Bool { self == .int || self == .number }
  /// Whether it is a list of them.
  var isList: Bool { self == .ints || self == .numbers }

  /// Whether a value of another kind can stand where this is asked for.
  func takes(_ other: RuleKind) -> Bool {
    switch (self, other) {
    case (.number, .int), (.numbers, .ints): true
    case (.word(let known), .word(let given)), (.words(let known), .words(let given)):
      known.isEmpty || given.allSatisfy(known.contains)
    default: self == other
    }
  }

  /// The kind of a sum or product: lists take scalars entry by entry, integers become numbers beside numbers.
  func joined(with other: RuleKind) -> RuleKind? {
    guard isScalar || isList, other.isScalar || other.isList else { return nil }
    let isNumber = [self, other].contains { $0 == .number || $0 == .numbers }
    if isList || other.isList { return isNumber ? .numbers : .ints }
    return isNumber ? .number : .int
  }

  /// Whether two values can be asked whether they are equal.
  func compares(with other: RuleKind) -> Bool {
    switch (self, other) {
    case (.word(let a), .word(let b)): a.isEmpty || b.isEmpty || a.contains(where: b.contains)
    default: self == other || isScalar && other.isScalar || isList && other.isList
    }
  }
}

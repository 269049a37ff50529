// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// An option of a command: its names, what stands behind it, and how that is read.
public struct CommandOption<Value>: Sendable {
  /// `-o` and `--output`; the last is the one that messages use.
  public let names: [String]
  /// What the help text puts behind the name, as in `FILE`; nil for a switch.
  public let placeholder: String?
  /// What stands for a value that is left out; nil if there must be one.
  public let assumed: String?
  /// What the help text says.
  public let help: String
  /// The words that may stand behind the name, if they are few; shells complete them.
  public let words: [String]
  /// Reads the text behind the name.
  let parse: @Sendable (String) throws(Failure) -> Value

  /// An option with a value.
  public init(
    _ names: String..., value placeholder: String, help: String,
    parse: @escaping @Sendable (String) throws(Failure) -> Value
  ) {
    self.names = names
    self.placeholder = placeholder
    assumed = nil
    self.help = help
    words = []
    self.parse = parse
  }

  /// The option without its type, for lists.
  var untyped: UntypedOption {
    UntypedOption(
      names: names, placeholder: placeholder, assumed: assumed, help: help, words: words)
  }
}

extension CommandOption where Value == String {
  /// An option whose value is taken as it stands.
  public init(_ names: String..., text placeholder: String, help: String) {
    self.names = names
    self.placeholder = placeholder
    assumed = nil
    self.help = help
    words = []
    parse = { $0 }
  }

  /// An option that may stand alone, or with a value behind `=`.
  public init(
    _ names: String..., optional placeholder: String, assumed: String, help: String
  ) {
    self.names = names
    self.placeholder = placeholder
    self.assumed = assumed
    self.help = help
    words = []
    parse = { $0 }
  }
}

extension CommandOption where Value == Bool {
  /// A switch: there or not.
  public init(_ names: String..., help: String) {
    self.names = names
    placeholder = nil
    assumed = nil
    self.help = help
    words = []
    parse = { _ in true }
  }
}

extension CommandOption where Value: AttributeWord {
  /// An option that takes one of some words.
  public init(_ names: String..., word placeholder: String, help: String) {
    self.names = names
    self.placeholder = placeholder
    assumed = nil
    self.help = "\(help) (\(Value.form))"
    words = Value.allCases.map(\.rawValue)
    parse = { (text) throws(Failure) in
      guard let value = Value(rawValue: text) else {
        let words = Value.allCases.map(\.rawValue)
        throw Failure(
          "'\(text)' is none of \(words.joined(separator: ", "))",
          notes: Spelling.notes(for: text, among: words))
      }
      return value
    }
  }
}

extension CommandOption where Value == Int {
  /// An option that takes a whole number of at least `minimum`, perhaps with K, M or G (powers of 1,024) behind it.
  public init(_ names: String..., number placeholder: String, minimum: Int = 0, help: String) {
    self.names = names
    self.placeholder = placeholder
    assumed = nil
    self.help = help
    words = []
    parse = { (text) throws(Failure) in
      guard let number = Self.number(text), number >= minimum else {
        throw Failure("'\(text)' is no number of at least \(minimum)")
      }
      return number
    }
  }

  private static func number(_ text: String) -> Int? {
    let factors: [Character: Int] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
    guard let last = text.last, let factor = factors[Character(last.lowercased())] else {
      return Int(text)
    }
    guard let count = Int(text.dropLast()) else { return nil }
    return (Checked(count) * Checked(factor)).value
  }
}

extension CommandOption where Value == Double {
  /// An option that takes a finite number.
  public init(_ names: String..., real placeholder: String, help: String) {
    self.names = names
    self.placeholder = placeholder
    assumed = nil
    self.help = help
    words = []
    parse = { (text) throws(Failure) in
      guard let number = Double(text), number.isFinite else {
        throw Failure("'\(text)' is no number")
      }
      return number
    }
  }
}

extension CommandOption where Value == [String] {
  /// An option that takes names separated by commas.
  public init(_ names: String..., list placeholder: String, help: String) {
    self.names = names
    self.placeholder = placeholder
    assumed = nil
    self.help = help
    words = []
    parse = { $0.split(separator: ",").map(String.init) }
  }
}

extension CommandOption where Value == [Double] {
  /// An option that takes numbers separated by commas.
  public init(_ names: String..., reals placeholder: String, help: String) {
    self.names = names
    self.placeholder = placeholder
    assumed = nil
    self.help = help
    words = []
    parse = { (text) throws(Failure) in
      var numbers: [Double] = []
      for part in text.split(separator: ",") {
        guard let number = Double(part), number.isFinite else {
          throw Failure("'\(part)' is no number")
        }
        numbers.append(number)
      }
      return numbers
    }
  }
}

/// What the parser, the help text and shells need to know of an option.
public struct UntypedOption: Sendable {
  public let names: [String]
  public let placeholder: String?
  public let assumed: String?
  public let help: String
  public let words: [String]
}

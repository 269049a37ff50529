// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// The words of a command line, sorted into options and the rest.
public struct Arguments: Sendable {
  /// The words that belong to no option, in order.
  public let positional: [String]
  private let values: [String: [String]]

  /// Sorts words by the options that a command takes. `--name=value` and `--name value` mean the same (only the first, where the value may be left out); behind `--` nothing is an option.
  ///
  /// - Parameter advice: what to say of an unknown option, by its name and the word behind it, if more is known than
  ///   which options are spelled like it.
  /// - Throws: a usage failure for an unknown option or a missing value.
  init(
    _ words: [String], options: [UntypedOption],
    advice: (String, String?) -> String? = { _, _ in nil }
  ) throws(Failure) {
    var positional: [String] = []
    var values: [String: [String]] = [:]
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        positional.append(contentsOf: rest)
        break
      }
      guard word.hasPrefix("-"), word != "-", Double(word) == nil else {
        positional.append(word)
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let isLong = word.hasPrefix("--")
      let name = isLong ? String(parts[0]) : word
      guard let option = options.first(where: { $0.names.contains(name) }) else {
        let value = isLong && parts.count == 2 ? String(parts[1]) : rest.first
        throw Failure(
          "unknown option '\(name)'",
          notes: advice(name, value).map { [$0] }
            ?? Spelling.notes(for: name, among: options.flatMap(\.names)), kind: .usage)
      }
      let key = option.names[0]
      let inline = isLong && parts.count == 2 ? String(parts[1]) : nil
      if option.placeholder == nil {
        guard inline == nil else { throw Failure("option '\(name)' takes no value", kind: .usage) }
        values[key, default: []].append("")
      } else if let value = inline ?? option.assumed {
        values[key, default: []].append(value)
      } else if let value = rest.first, !options.contains(where: { $0.names.contains(value) }) {
        values[key, default: []].append(value)
        rest.removeFirst()
      } else {
        throw Failure(
          "option '\(name)' needs a value: \(option.placeholder ?? "")", kind: .usage)
      }
    }
    self.positional = positional
    self.values = values
  }

  /// The value of an option, nil if it is absent.
  ///
  /// - Throws: a usage failure if it is given several times, or cannot be read.
  public subscript<Value>(option: CommandOption<Value>) -> Value? {
    get throws(Failure) {
      let found = try all(option)
      guard found.count <= 1 else {
        throw Failure(
          "option '\(option.names[option.names.count - 1])' is given \(found.count) times",
          kind: .usage)
      }
      return found.first
    }
  }

  /// The words that give some options the values that they have here, for another command line.
  func words(of options: [UntypedOption]) -> [String] {
    options.flatMap { option in
      let name = option.names[option.names.count - 1]
      return (values[option.names[0]] ?? []).flatMap { value in
        option.placeholder == nil ? [name] : option.assumed == nil ? [name, value] : ["\(name)=\(value)"]
      }
    }
  }

  /// The values of an option that may be given several times.
  public func all<Value>(_ option: CommandOption<Value>) throws(Failure) -> [Value] {
    var found: [Value] = []
    for text in values[option.names[0]] ?? [] {
      do throws(Failure) {
        found.append(try option.parse(text))
      } catch {
        var failure = error
        failure.kind = .usage
        throw failure.located(subject: "option '\(option.names[option.names.count - 1])'")
      }
    }
    return found
  }

  /// Whether a switch is there.
  public func has(_ option: CommandOption<Bool>) -> Bool { values[option.names[0]] != nil }

  /// The only positional word.
  public func single(_ what: String) throws(Failure) -> String {
    guard positional.count == 1 else {
      throw Failure(
        positional.isEmpty ? "\(what) is missing" : "one \(what) is taken, \(positional.count) are given",
        kind: .usage)
    }
    return positional[0]
  }
}

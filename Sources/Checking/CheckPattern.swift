// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// What a line of output is held against: literal text, `{{regex}}`, `[[NAME:regex]]` which keeps
/// what it matched, and `[[NAME]]` which stands for what was kept.
struct CheckPattern: Equatable, Sendable {
  enum Part: Equatable, Sendable {
    case literal(String)
    case regex(String)
    case capture(name: String, regex: String)
    case reference(String)
  }

  /// The pattern as it stands in the file.
  let text: String
  private(set) var parts: [Part] = []

  /// The pattern of a directive; white space is brought to single spaces, as it is in the output.
  init(_ text: String) throws(Failure) {
    self.text = text
    var rest = Substring(text)
    var literal = ""
    func flush(_ parts: inout [Part]) {
      if !literal.isEmpty { parts.append(.literal(literal)) }
      literal = ""
    }
    while let c = rest.first {
      if rest.hasPrefix("{{") {
        flush(&parts)
        parts.append(.regex(try Self.regexText(&rest)))
      } else if let variable = try Self.variable(&rest) {
        flush(&parts)
        parts.append(variable)
      } else {
        if c == " " || c == "\t" {
          if literal.last != " " { literal.append(" ") }
        } else {
          literal.append(c)
        }
        rest.removeFirst()
      }
    }
    flush(&parts)
    guard !parts.isEmpty else { throw Failure("a CHECK without a pattern matches everything") }
    if case .literal(let last) = parts[parts.count - 1], last.hasSuffix(" ") {
      parts[parts.count - 1] = .literal(String(last.dropLast()))
    }
    try validate()
  }

  /// The variables it keeps.
  var captures: [String] {
    parts.compactMap { if case .capture(let name, _) = $0 { name } else { nil } }
  }

  /// The variables that must be known before it can match.
  var references: [String] {
    var own: Set<String> = []
    return parts.compactMap { part in
      switch part {
      case .capture(let name, _):
        own.insert(name)
        return nil
      case .reference(let name): return own.contains(name) ? nil : name
      case .literal, .regex: return nil
      }
    }
  }

  /// Whether it can match only at the start of a line.
  var isAnchored: Bool {
    if case .regex(let text)? = parts.first { text.hasPrefix("^") } else { false }
  }

  /// Whether it is text and nothing else.
  var isLiteral: Bool {
    parts.allSatisfy { if case .literal = $0 { true } else { false } }
  }

  /// The literal words, for the search of the line that was probably meant.
  var literalWords: [String] {
    parts.flatMap { part in
      guard case .literal(let text) = part else { return [Substring]() }
      return text.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
    }.map(String.init)
  }

  /// What to search for, given the variables' values. All `references` must be among them.
  func resolved(_ variables: [String: String]) -> Search {
    var literal = ""
    var isLiteral = true
    var regex = ""
    var own: Set<String> = []
    for part in parts {
      switch part {
      case .literal(let text):
        literal += text
        regex += Self.escaped(text)
      case .regex(let text):
        isLiteral = false
        regex += "(?:\(text))"
      case .capture(let name, let text):
        isLiteral = false
        regex += own.insert(name).inserted ? "(?<\(name)>\(text))" : "(?:\(text))"
      case .reference(let name) where own.contains(name):
        regex += "\\k<\(name)>"
      case .reference(let name):
        literal += variables[name] ?? ""
        regex += Self.escaped(variables[name] ?? "")
      }
    }
    if isLiteral { return .literal(Array(literal.utf8)) }
    guard let compiled = try? Regex(regex) else { return .literal(Array(text.utf8)) }
    return .regex(compiled.matchingSemantics(.unicodeScalar))
  }

  /// A pattern made ready for matching.
  enum Search {
    case literal([UInt8])
    case regex(Regex<AnyRegexOutput>)
  }

  private func validate() throws(Failure) {
    for part in parts {
      let regex: String
      switch part {
      case .literal, .reference: continue
      case .regex(let text), .capture(_, let text): regex = text
      }
      do {
        let compiled = try Regex(regex)
        if (try? compiled.wholeMatch(in: "")) != nil, parts.count == 1 {
          throw Failure("the pattern '\(text)' matches everything")
        }
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure("'\(regex)' is no regular expression: \(error)")
      }
    }
    if Set(captures).count < captures.count {
      throw Failure("a variable is captured twice in one pattern")
    }
  }

  /// Takes `{{regex}}`.
  private static func regexText(_ rest: inout Substring) throws(Failure) -> String {
    rest.removeFirst(2)
    var text = ""
    while let c = rest.first {
      // Of `}}}` the last two close, so that a repetition count may stand at the end.
      if rest.hasPrefix("}}"), !rest.hasPrefix("}}}") {
        rest.removeFirst(2)
        if text.isEmpty { throw Failure("an empty {{}} in a pattern") }
        return text
      }
      text.append(c)
      rest.removeFirst()
    }
    throw Failure("a {{ of a pattern is not closed")
  }

  /// Takes `[[NAME:regex]]` or `[[NAME]]`; nil if the text is neither, as in `[[1,1],[2,2]]`.
  private static func variable(_ rest: inout Substring) throws(Failure) -> Part? {
    guard rest.hasPrefix("[[") else { return nil }
    let body = rest.dropFirst(2)
    let name = body.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    guard let first = name.first, !first.isNumber else { return nil }
    var after = body.dropFirst(name.count)
    if after.hasPrefix("]]") {
      rest = after.dropFirst(2)
      return .reference(String(name))
    }
    guard after.popFirst() == ":" else { return nil }
    var text = ""
    var depth = 0
    while let c = after.first {
      if depth == 0, after.hasPrefix("]]") {
        rest = after.dropFirst(2)
        if text.isEmpty { throw Failure("the variable '\(name)' has no pattern") }
        return .capture(name: String(name), regex: text)
      }
      after.removeFirst()
      text.append(c)
      switch c {
      case "\\": if let escaped = after.popFirst() { text.append(escaped) }
      case "[": depth += 1
      case "]": depth = max(0, depth - 1)
      default: break
      }
    }
    throw Failure("the [[ of variable '\(name)' is not closed")
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for c in text {
      if "\\^$.|?*+()[]{}/-".contains(c) { result.append("\\") }
      result.append(c)
    }
    return result
  }
}

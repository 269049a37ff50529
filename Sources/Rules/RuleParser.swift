// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Reads rules. The text has the form of the graph's: ops as `%y = op %x {attribute=value}`; the extensions hold its parts.
///
///     file        ::= rule*
///     rule        ::= doc* 'rule' name '{' (hole | op)* '}' ('where' '{' condition* '}')? '=>' '{' (op | constant | same)* '}'
struct RuleParser {
  static let findingLimit = 20
  /// The most ops of a pattern, and lines of a replacement.
  static let lineLimit = 64

  let bytes: [UInt8]
  let file: String
  let ops: OpSet
  var tokens: AttributeScanner
  var findings: [Diagnostic] = []

  // The rule that is being read.
  var pattern = RulePattern()
  /// Tensors of the pattern by name.
  var values: [String: Int] = [:]
  /// Where tensors of the pattern first stand.
  var valueOffsets: [Int] = []
  /// Attribute holes by name.
  var attributes: [String: Int] = [:]
  var attributeOffsets: [Int] = []
  var nesting = 0

  init(_ text: String, file: String, ops: OpSet) {
    bytes = Array(text.utf8)
    self.file = file
    self.ops = ops
    tokens = AttributeScanner(bytes, file: file)
  }

  mutating func parse() throws(Failure) -> [Rule] {
    var rules: [Rule] = []
    var names: Set<String> = []
    while true {
      let documentation = documentation()
      if tokens.isAtEnd { break }
      let start = offset
      do throws(Failure) {
        let rule = try rule(documentation)
        guard names.insert(rule.name).inserted else {
          throw failure("there are two rules '\(rule.name)'", at: start)
        }
        rules.append(rule)
      } catch {
        findings += error.diagnostics
        guard findings.count < Self.findingLimit else { throw Failure(findings) }
        resume(behind: start)
      }
    }
    guard findings.isEmpty else { throw Failure(findings) }
    return rules
  }

  private mutating func rule(_ documentation: String) throws(Failure) -> Rule {
    guard takeWord("rule") else {
      throw tokens.failure("a rule starts with 'rule NAME {'")
    }
    let start = offset
    let name = try tokens.word()
    pattern = RulePattern()
    (values, valueOffsets, attributes, attributeOffsets) = ([:], [], [:], [])
    try readPattern(at: start)
    var steps: [Rule.Step] = []
    if takeWord("where") { steps = try conditions() }
    guard tokens.take("=>") else {
      throw tokens.failure(
        steps.isEmpty ? "expected 'where {' or '=> {'" : "expected '=> {' and the replacement")
    }
    let replacement = try replacement()
    return Rule(
      name: name, documentation: documentation, origin: failure("", at: start).diagnostics[0].origin,
      pattern: pattern, steps: steps, replacement: replacement,
      attributeCount: pattern.attributes.count)
  }

  /// Skips space and comments and returns the text of the lines behind `///` that stand directly above the next token.
  private mutating func documentation() -> String {
    var lines: [String] = []
    var next = tokens.offset
    var newlines = 0
    while next < bytes.count {
      let c = bytes[next]
      if c == 0x0A { newlines += 1 }
      if [0x20, 0x09, 0x0A, 0x0D].contains(c) {
        next += 1
        continue
      }
      guard bytes[next...].starts(with: [0x2F, 0x2F]) else { break }
      let line = bytes[next...].prefix { $0 != 0x0A }
      if newlines > 1 { lines = [] }
      newlines = 0
      if line.starts(with: [0x2F, 0x2F, 0x2F]) {
        let text = String(decoding: line.dropFirst(3), as: UTF8.self)
        lines.append(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
      } else {
        lines = []
      }
      next = line.endIndex
    }
    tokens = AttributeScanner(bytes, at: next, file: file)
    return newlines > 1 ? "" : lines.joined(separator: " ")
  }

  /// Goes to the next line behind an offset that starts a rule, or to the end.
  private mutating func resume(behind start: Int) {
    var next = start
    while next < bytes.count {
      while next < bytes.count, bytes[next] != 0x0A { next += 1 }
      if next < bytes.count { next += 1 }
      let rest = bytes[next...]
      if rest.starts(with: "rule ".utf8) || rest.starts(with: "///".utf8) { break }
    }
    tokens = AttributeScanner(bytes, at: next, file: file)
  }
}

// MARK: - Tokens

extension RuleParser {
  /// The offset of the next token.
  var offset: Int {
    mutating get {
      tokens.skipSpace()
      return tokens.offset
    }
  }

  /// A failure at an offset.
  func failure(_ message: String, at offset: Int, notes: [String] = []) -> Failure {
    AttributeScanner(bytes, at: offset, file: file).failure(message, notes: notes)
  }

  /// The line and column of an offset, for notes.
  func place(_ offset: Int) -> String {
    let origin = failure("", at: offset).diagnostics[0].origin
    return "line \(origin.line ?? 0), column \(origin.column ?? 0)"
  }

  mutating func move(to offset: Int) { tokens = AttributeScanner(bytes, at: offset, file: file) }

  /// Takes the word if it is next.
  mutating func takeWord(_ word: String) -> Bool {
    let end = offset + word.utf8.count
    guard end <= bytes.count, bytes[tokens.offset..<end].elementsEqual(word.utf8),
      end == bytes.count || !Self.isNameByte(bytes[end])
    else { return false }
    move(to: end)
    return true
  }

  /// The next byte if it stands on the line of the last token.
  func peekOnLine() -> UInt8? {
    bytes[tokens.offset...].first { $0 != 0x20 && $0 != 0x09 }
  }

  /// A name behind its sigil: letters, digits and `_`.
  mutating func name(after sigil: String) throws(Failure) -> String {
    try tokens.expect(sigil)
    let name = bytes[tokens.offset...].prefix(while: Self.isNameByte)
    guard !name.isEmpty else { throw tokens.failure("expected a name behind '\(sigil)'") }
    move(to: name.endIndex)
    return String(decoding: name, as: UTF8.self)
  }

  /// A word of letters, digits and `_`: `-` stays an operator.
  mutating func expressionWord() -> String? {
    let word = bytes[offset...].prefix(while: Self.isNameByte)
    guard let first = word.first, !(0x30...0x39).contains(first) else { return nil }
    move(to: word.endIndex)
    return String(decoding: word, as: UTF8.self)
  }

  static func isNameByte(_ c: UInt8) -> Bool {
    (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7A || c >= 0x30 && c <= 0x39 || c == 0x5F
  }
}

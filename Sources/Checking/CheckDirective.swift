// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// How far a sample's outputs may move.
public enum CheckTolerance: Equatable, Sendable {
  /// Not at all.
  case exact
  /// Every element by at most this much.
  case absolute(Double)
  /// Every element by at most this fraction of the largest magnitude in its tensor.
  case relative(Double)

  init(_ text: String) throws(Failure) {
    let words = text.split(whereSeparator: \.isWhitespace)
    if words == ["exact"] {
      self = .exact
      return
    }
    guard words.count == 2, let bound = Double(words[1]), bound > 0, bound.isFinite else {
      throw Failure(
        "COMPARE takes 'exact', 'abs BOUND' or 'rel BOUND' with a bound above 0, not '\(text)'")
    }
    switch words[0] {
    case "abs": self = .absolute(bound)
    case "rel": self = .relative(bound)
    default: throw Failure("'\(words[0])' is no kind of COMPARE: exact, abs or rel")
    }
  }
}

/// One expectation on a stream of output.
struct CheckDirective: Equatable, Sendable {
  enum Kind: Equatable, Sendable {
    /// On this line or a later one.
    case plain
    /// On the line after the last match.
    case next
    /// On the line of the last match, behind it.
    case same
    /// Nowhere between the matches before and after.
    case not
    /// Like `plain`, and nothing before it is searched beyond it.
    case label
    /// Like `plain`, so many times.
    case count(Int)
  }

  /// The line in the file, from 1.
  var line: Int
  /// How it is written, as in `CHECK-NEXT`.
  var name: String
  var kind: Kind
  /// Whether it is about the standard error output.
  var onErrors: Bool
  var pattern: CheckPattern
}

/// What a comment line asks for; nil means that it is a comment like any other.
enum CheckLine {
  case run(status: Int32, String)
  case compare(CheckTolerance)
  case check(CheckDirective)

  /// The directive behind `//` in a line of a sample.
  static func parse(_ source: String, line: Int) throws(Failure) -> CheckLine? {
    guard let text = comment(source) else { return nil }
    let head = text.prefix { $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "-") }
    let family = head.prefix { $0 != "-" }
    var rest = text.dropFirst(head.count)
    guard ["RUN", "CHECK", "COMPARE"].contains(family) else {
      let looksLikeOne = ["RUN", "CHECK", "COMPARE"].contains { family.hasPrefix($0) }
      if looksLikeOne, rest.first == ":" { throw unknown(head) }
      return nil
    }
    var argument: Substring?
    if rest.first == "(", let close = rest.firstIndex(of: ")") {
      argument = rest[rest.index(after: rest.startIndex)..<close]
      rest = rest[rest.index(after: close)...]
    }
    guard rest.popFirst() == ":" else { throw Failure("'\(head)' is not followed by ':'") }
    let body = trimmed(rest)
    switch (head, argument) {
    case ("RUN", nil): return .run(status: 0, body)
    case ("RUN-FAILS", let status?):
      guard let status = Int32(status), (1...255).contains(status) else {
        throw Failure("RUN-FAILS takes an exit status from 1 to 255, not '\(status)'")
      }
      return .run(status: status, body)
    case ("RUN-FAILS", nil): throw Failure("RUN-FAILS needs its exit status, as in RUN-FAILS(1):")
    case ("COMPARE", nil): return .compare(try CheckTolerance(body))
    case (_, nil) where family == "CHECK":
      return .check(try directive(String(head), body: body, line: line))
    default:
      throw unknown(head)
    }
  }

  private static func unknown(_ name: some StringProtocol) -> Failure {
    Failure("'\(name)' is no directive", notes: [known])
  }

  private static let known =
    "there are RUN, RUN-FAILS(n), COMPARE, CHECK, CHECK-NEXT, CHECK-SAME, CHECK-NOT, CHECK-LABEL, "
    + "CHECK-COUNT-n, and the same with CHECK-ERR for the error output"

  private static func directive(
    _ name: String, body: String, line: Int
  ) throws(Failure) -> CheckDirective {
    var words = name.split(separator: "-", omittingEmptySubsequences: false).dropFirst()
    let onErrors = words.first == "ERR"
    if onErrors { words = words.dropFirst() }
    let kind: CheckDirective.Kind
    switch Array(words) {
    case []: kind = .plain
    case ["NEXT"]: kind = .next
    case ["SAME"]: kind = .same
    case ["NOT"]: kind = .not
    case ["LABEL"]: kind = .label
    case let two where two.count == 2 && two[0] == "COUNT":
      guard let n = Int(two[1]), (1...1_000_000).contains(n) else {
        throw Failure("'\(two[1])' is no count for \(name)")
      }
      kind = .count(n)
    default: throw unknown(name)
    }
    let pattern = try CheckPattern(body)
    if kind == .label, !(pattern.captures.isEmpty && pattern.references.isEmpty) {
      throw Failure("a CHECK-LABEL holds no variables: labels are found before anything else")
    }
    return CheckDirective(
      line: line, name: name, kind: kind, onErrors: onErrors, pattern: pattern)
  }

  /// The text behind the first `//` of the line, without white space around it.
  private static func comment(_ source: String) -> String? {
    let bytes = source.utf8
    var i = bytes.startIndex
    while i < bytes.endIndex {
      let next = bytes.index(after: i)
      if bytes[i] == 0x2F, next < bytes.endIndex, bytes[next] == 0x2F {
        return trimmed(source[bytes.index(after: next)...])
      }
      i = next
    }
    return nil
  }
}

/// The text without white space at its ends.
func trimmed(_ text: some StringProtocol) -> String {
  var rest = text[...]
  while rest.first?.isWhitespace ?? false { rest.removeFirst() }
  while rest.last?.isWhitespace ?? false { rest.removeLast() }
  return String(rest)
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// Rewrites the expectations of a sample to what came out. Only literal `CHECK` and `CHECK-NEXT` lines (and those for the error
/// output) are rewritten, and only where the matcher found the line that was meant; all else is for a person to decide.
public struct CheckBlessing: Sendable {
  /// A line that was rewritten.
  public struct Change: Equatable, Sendable {
    /// The line in the sample, from 1.
    public var line: Int
    /// The comment before, without white space around it.
    public var before: String
    /// And after.
    public var after: String
  }

  /// The text of the sample with the expectations rewritten.
  public private(set) var text: String
  /// What was rewritten, in order.
  public private(set) var changes: [Change] = []

  /// The sample's text with the suggestions of these findings in the place of what the lines expect.
  public init(_ text: String, _ findings: [CheckFinding]) {
    self.text = text
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    // Other line ends than this one would be lost.
    guard lines.joined(separator: "\n") == text else { return }
    for finding in findings {
      guard let suggestion = finding.suggestion, lines.indices.contains(finding.line - 1) else { continue }
      let line = lines[finding.line - 1]
      guard case .check(let directive)? = try? CheckLine.parse(line, line: finding.line),
        let start = line.utf8.firstRange(of: "//".utf8)?.upperBound
      else { continue }
      let after = "\(directive.name): \(suggestion)"
      let before = trimmed(line[start...])
      // What is written must mean what came out, and nothing else.
      guard before != after, let pattern = try? CheckPattern(suggestion), pattern.isLiteral else { continue }
      lines[finding.line - 1] = line[..<start] + " " + after
      changes.append(Change(line: finding.line, before: before, after: after))
    }
    self.text = lines.joined(separator: "\n")
  }
}

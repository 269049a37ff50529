// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting

/// The rules of a text, in its order.
public struct RuleSet: Sendable {
  /// The rules.
  public let rules: [Rule]

  /// The rules of a text.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - file: What diagnostics name.
  ///   - ops: The kinds of ops that may occur.
  /// - Throws: All that is wrong, with lines and columns, up to twenty findings.
  public init(
    parsing text: String, file: String = "", ops: OpSet = .standard
  ) throws(Failure) {
    var parser = RuleParser(text, file: file, ops: ops)
    rules = try parser.parse()
  }

  /// The rules for a driver; the first that applies to an op is taken.
  public var rewrites: [Rewrite] { rules.map(\.rewrite) }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// Something in a sample that is not as it says.
public struct CheckFinding: Equatable, Sendable {
  /// The sample.
  public var file: String
  /// The line of the directive in the sample, from 1.
  public var line: Int
  /// What is wrong.
  public var message: String
  /// The output it is about, and the line that was probably meant.
  public var excerpt: [String]
  /// What the line would have to expect to be met, where that is beyond doubt.
  public var suggestion: String?

  /// A finding at a line of a sample.
  public init(file: String, line: Int, message: String, excerpt: [String] = [], suggestion: String? = nil) {
    self.file = file
    self.line = line
    self.message = message
    self.excerpt = excerpt
    self.suggestion = suggestion
  }

  /// The finding as a C compiler would print it.
  public var diagnostic: Diagnostic {
    Diagnostic(message, at: Origin(file: file, line: line), notes: excerpt)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// The options by which commands are told the passes to run.
enum PipelineOptions {
  static let pipeline = CommandOption<String>(
    "-p", "--pipeline", text: "PASSES",
    help: "passes separated by commas, with options as in 'a, b{x=1 y=2}'; @FILE reads them from a file")

  static let all = [pipeline.untyped]

  /// The pipeline that the options spell, or `fallback`.
  static func pipeline(
    _ arguments: Arguments, _ session: Session, default fallback: Pipeline = Pipeline()
  ) throws(Failure) -> Pipeline {
    guard let text = try arguments[pipeline] else { return fallback }
    return try parse(text, session)
  }

  /// The pipeline that a text spells; `@FILE` stands for the text of a file, in which `//` begins a
  /// comment.
  static func parse(_ text: String, _ session: Session) throws(Failure) -> Pipeline {
    guard text.hasPrefix("@") else {
      return try Pipeline(parsing: text, known: session.toolkit.passes)
    }
    let path = String(text.dropFirst())
    return try Pipeline(
      parsing: try Platform.readText(path), known: session.toolkit.passes, file: path)
  }
}

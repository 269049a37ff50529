// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Passes
import Rewriting

/// The options by which commands are told the passes to run.
enum PipelineOptions {
  static let pipeline = CommandOption<String>(
    "-p", "--pipeline", text: "PASSES",
    help: "passes separated by commas, with options as in 'a, b{x=1 y=2}'; @FILE reads them from a file")

  static let rules = CommandOption<String>(
    "--rules", text: "FILE",
    help: "apply the rewrite rules of a file in front of the passes, as 'rules{file=FILE}' does; may be repeated")

  static let all = [pipeline.untyped, rules.untyped]

  /// The pipeline that the options spell, or `fallback`, behind the rules of files.
  static func pipeline(
    _ arguments: Arguments, _ session: Session, default fallback: Pipeline = Pipeline()
  ) throws(Failure) -> Pipeline {
    var pipeline = fallback
    if let text = try arguments[Self.pipeline] { pipeline = try parse(text, session) }
    let files = try arguments.all(rules).map { ApplyRules(file: $0) }
    pipeline.passes.insert(contentsOf: files, at: 0)
    return pipeline
  }

  /// The same, with whole paths of the files of rules: for commands whose pipelines run in another
  /// folder as well.
  static func anchoredPipeline(
    _ arguments: Arguments, _ session: Session
  ) throws(Failure) -> Pipeline {
    var pipeline = try pipeline(arguments, session)
    for (position, pass) in pipeline.passes.enumerated() {
      guard let rules = pass as? ApplyRules, let path = try? Platform.canonicalPath(rules.file)
      else { continue }
      pipeline.passes[position] = ApplyRules(file: path)
    }
    return pipeline
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

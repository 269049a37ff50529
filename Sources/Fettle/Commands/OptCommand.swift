// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// `fettle opt`: runs passes.
struct OptCommand: Command {
  static let name = "opt"
  static let summary = "run passes on a model"
  static let usage = "MODEL [-p PIPELINE] [-o GRAPH.fettle]"
  static let pipeline = CommandOption<String>(
    "-p", "--pipeline", text: "PASSES",
    help: "passes separated by commas, with options as in 'a, b{x=1 y=2}'; @FILE reads them from a file")
  static let options = [pipeline.untyped, outputOption.untyped] + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    var model = try Model.load(try arguments.single("model"), arguments, session)
    let pipeline = try Self.pipeline(try arguments[Self.pipeline] ?? "", session)
    try PassRun.run(pipeline, on: &model.graph, session)
    try GraphOutput.write(model.graph, to: try arguments[outputOption], session)
  }

  /// The pipeline that a text spells; `@FILE` stands for the text of a file.
  static func pipeline(_ text: String, _ session: Session) throws(Failure) -> Pipeline {
    guard text.hasPrefix("@") else {
      return try Pipeline(parsing: text, known: session.toolkit.passes)
    }
    let path = String(text.dropFirst())
    return try Pipeline(
      parsing: try Platform.readText(path), known: session.toolkit.passes, file: path)
  }
}

/// Pipelines run for a command.
enum PassRun {
  /// Runs a pipeline and tells its warnings.
  static func run(
    _ pipeline: Pipeline, on graph: inout Graph, _ session: Session
  ) throws(Failure) {
    var context = PassContext(observer: ChildNote.isChild ? PassNotes() : nil)
    try pipeline.run(on: &graph, &context)
    session.warn(context.warnings)
  }
}

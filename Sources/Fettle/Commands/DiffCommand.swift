// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// `fettle diff`: what changed between two graphs.
struct DiffCommand: Command {
  static let name = "diff"
  static let summary = "show what changed between two graphs (or by passes: -p), by op and layer"
  static let usage = "MODEL [MODEL] [-p PIPELINE] [--json] [--exit-code]"
  static let json = CommandOption<Bool>("--json", help: "the differences as JSON")
  static let exitCode = CommandOption<Bool>(
    "--exit-code",
    help: "exit with 4 if the graphs differ (1 still means that a file could not be read)")
  static let options =
    [json.untyped, exitCode.untyped, outputOption.untyped] + PipelineOptions.all
    + PassSamples.options + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    let paths = arguments.positional
    let pipeline = try PipelineOptions.pipeline(arguments, session)
    guard paths.count == 2 || paths.count == 1 && !pipeline.passes.isEmpty else {
      throw Failure("two models are taken, or one and a pipeline", kind: .usage)
    }
    let output = try arguments[outputOption]
    try OutputCheck.run(arguments, file: output)
    let before = try Model.load(paths[0], arguments, session).graph
    var after = before
    if paths.count == 2 { after = try Model.load(paths[1], arguments, session).graph }
    try PassRun.run(
      pipeline, on: &after, try PassSamples(arguments, for: after), arguments, session)
    let difference = GraphDifference(before, after)
    try session.write(
      arguments.has(Self.json) ? difference.json.pretty : difference.text,
      to: output)
    if arguments.has(Self.exitCode), !difference.isEmpty {
      throw Failure("the graphs differ: \(difference.summary)", kind: .budget)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CEmission
import CompilerSupport
import GraphIR
import LoopIR
import Lowering
import Rewriting

/// `fettle emit`: lowers a graph and prints C.
struct EmitCommand: Command {
  static let name = "emit"
  static let summary = "lower a model as it is and print C"
  static let usage = "MODEL [-t TARGET] [-o FOLDER]"
  static let explain = CommandOption<Bool>(
    "--explain", help: "say which lowering was chosen for each layer, and why")
  static let loops = CommandOption<Bool>("--print-loops", help: "print the loop programs instead of C")
  static let options =
    [explain.untyped, loops.untyped, outputOption.untyped, TargetOptions.target.untyped]
    + EmissionChoices.all + PipelineOptions.all + PassSamples.options + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    var model = try Model.load(try arguments.single("model"), arguments, session)
    var samples = try PassSamples(arguments, for: model.graph)
    let ports = try PortOptions.apply(to: &model.graph, arguments)
    samples = try ports.adapt(samples)
    let pipeline = try PipelineOptions.pipeline(arguments, session)
    try PassRun.run(pipeline, on: &model.graph, samples, arguments, session)
    let target = try TargetOptions.target(arguments, session, default: "host")
    var job = try EmissionJob(
      model.graph, target: target, name: model.name, pipeline: pipeline.text, digest: model.digest,
      arguments, session)
    if arguments.has(Self.explain) { return try session.output(Self.explanation(job)) }
    if arguments.has(Self.loops) { return try session.output(LoopPrinter.text(job.lowered.program)) }
    job.options.macros = ports.macros
    job.options.test = try GoldenSamples.make(arguments, model.graph, data: samples.other)
    let files = try job.files()
    if let folder = try arguments[outputOption], folder != "-" {
      let paths = try EmissionJob.write(files, to: folder)
      if !session.isQuiet { session.errors(paths.map { $0 + "\n" }.joined()) }
    } else {
      for file in files where Paths.ending(of: file.name) == "c" {
        try session.output(file.contents.repairedText)
      }
    }
  }

  private static func explanation(_ job: EmissionJob) -> String {
    var table = Table([("layers", .left), ("ops", .left), ("lowering", .left), ("why", .left)])
    for choice in job.lowered.choices {
      table.row([
        choice.layers.joined(separator: " + "), choice.ops.joined(separator: " "), choice.lowering,
        choice.summary,
      ])
    }
    return table.text
  }
}

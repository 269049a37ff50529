// SPDX-License-Identifier: Apache-2.0
import CEmission
import CompilerSupport
import GraphIR
import LoopIR
import Lowering
import Passes
import Rewriting
import Tensors

/// `fettle emit`: lowers a graph and prints C.
struct EmitCommand: Command {
  static let name = "emit"
  static let summary = "lower a model as it is and print C"
  static let usage = "MODEL [-t TARGET] [-o FOLDER]"
  static let explain = CommandOption<Bool>(
    "--explain",
    help: "say which lowering was chosen for each layer, how large sums of integers get, what is left with floats, and why")
  static let loops = CommandOption<Bool>("--print-loops", help: "print the loop programs instead of C")
  static let output = CommandOption<String>(
    "-o", "--output", text: "FOLDER",
    help: "where the files go; without it, or for '-', the C goes to the standard output")
  static let options =
    [explain.untyped, loops.untyped, output.untyped, TargetOptions.target.untyped]
    + EmissionChoices.all + PipelineOptions.all + PassSamples.options + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    let folder = try arguments[Self.output]
    try OutputCheck.run(arguments, folder: folder)
    var model = try Model.load(try arguments.single("model"), arguments, session)
    var samples = try PassSamples(arguments, for: model.graph)
    let ports = try PortOptions.apply(to: &model.graph, arguments)
    samples = try ports.adapt(samples)
    let pipeline = try PipelineOptions.pipeline(arguments, session)
    let target = try TargetOptions.target(arguments, session, default: "host")
    try PassRun.run(pipeline, on: &model.graph, for: target, samples, arguments, session)
    FloatEmulation.tell(of: model.graph, from: model.path, after: pipeline, arguments, session)
    var job = try EmissionJob(
      model.graph, target: target, name: model.name, pipeline: pipeline.text, digest: model.digest,
      arguments, session)
    if arguments.has(Self.explain) { return try session.output(Self.explanation(job)) }
    if arguments.has(Self.loops) { return try session.output(LoopPrinter.text(job.lowered.program)) }
    job.options.macros = ports.macros
    job.options.test = try GoldenSamples.make(arguments, model.graph, data: samples.other)
    let files = try job.files()
    if let folder, folder != "-" {
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
    return table.text + integers(IntegerReport(job.graph))
  }

  /// How large sums of integers get, and what is left with floats; nothing for a model of floats alone.
  private static func integers(_ report: IntegerReport) -> String {
    guard report.isQuantized else { return "" }
    var text = ""
    if !report.sums.isEmpty {
      var table = Table([
        ("sums of integers", .left), ("op", .left), ("at most", .right), ("type", .left),
      ])
      for sum in report.sums {
        table.row([
          sum.layers.joined(separator: " + "), sum.op, sum.bound.map { NumberText.grouped($0) } ?? "?",
          sum.element.rawValue,
        ])
      }
      text += "\n" + table.text
    }
    if !report.floats.isEmpty {
      var table = Table([("with floats", .left), ("op", .left), ("why", .left)])
      for op in report.floats {
        table.row([op.layers.joined(separator: " + "), op.op, op.reason])
      }
      text += "\n" + table.text
    }
    let counts = "float ops \(report.floats.count) of \(report.opCount)"
    return text + "\n\(counts), conversions \(report.conversions)\n"
  }
}

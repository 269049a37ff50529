// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// `fettle opt`: runs passes.
struct OptCommand: Command {
  static let name = "opt"
  static let summary = "run passes on a model"
  static let usage = "MODEL [-p PIPELINE] [-o GRAPH.fettle] [--ledger] [--dump-dir FOLDER]"
  static let options =
    [outputOption.untyped] + PipelineOptions.all + PassReportOptions.all + DrawingOptions.all
    + PassSamples.options + RunnerOptions.all + ModelOptions.all

  static let quietNote =
    "; nor is anything measured on --data for a ledger that --ledger does not ask for"

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    let start = Platform.monotonicSeconds
    let output = try arguments[outputOption]
    try OutputCheck.run(arguments, file: output)
    var model = try Model.load(try arguments.single("model"), arguments, session)
    let readSeconds = Platform.monotonicSeconds - start
    let pipeline = try PipelineOptions.pipeline(arguments, session)
    let run = try WatchedPassRun(
      pipeline, of: model, arguments, session, stem: output.flatMap(Self.stem),
      since: start)
    run.times.add("read the model", seconds: readSeconds)
    let progress = session.progress()
    let samples = try PassSamples(arguments, for: model.graph)
    let data = samples.other
    let target = try TargetOptions.target(arguments, session, default: "c99")
    // Nobody would see what is measured.
    let measurement =
      session.isQuiet && !run.ledger.forms.isAsked
      ? nil
      : try LedgerMeasurement(
        for: model.graph, data, target: target, arguments, session, progress)
    let hasTarget = try arguments[TargetOptions.target] != nil
    try run.run(
      on: &model.graph, for: hasTarget ? target : nil, measuring: measurement, samples, progress)
    let banner = run.banner.lines(after: pipeline.passes.count)
    try run.times.measure("write the graph") { () throws(Failure) in
      try GraphOutput.write(model.graph, to: output, banner: banner, session)
    }
    try DrawingOptions.draw(model.graph, arguments, session)
    let isAtTerminal = session.showsProgress && Platform.isTerminal(.error)
    let isExpected = !session.isQuiet && (data != nil || isAtTerminal)
    let showsTable = run.ledger.forms.wantsTable || isExpected
    if !showsTable { run.tellNotes() }
    try run.finish(showsTable: showsTable)
  }

  /// The path of an output without its ending; nil for the standard output.
  private static func stem(of path: String) -> String? {
    path == "-" ? nil : Paths.join(Paths.folder(of: path), Paths.stem(of: path))
  }
}

// SPDX-License-Identifier: Apache-2.0
import CEmission
import CompilerSupport
import Execution
import GraphIR
import LoopIR
import Lowering
import Passes
import Rewriting
import Targets
import Tensors

/// `fettle compile`: the whole way from a model to C, with a table of what was done.
struct CompileCommand: Command {
  static let name = "compile"
  static let summary = "turn a model into C for a device: passes, code, report, and a check on data"
  static let usage = "MODEL -o FOLDER [-t TARGET] [-p PIPELINE] [--data FILE.npz]"
  static let output = CommandOption<String>(
    "-o", "--output", text: "FOLDER", help: "where the files go; the folder is made if it is missing")
  static let foldPreprocessing = CommandOption<Bool>(
    "--fold-preprocessing", help: "make the data's arithmetic part of the model: the C takes the raw samples")
  static let noVerify = CommandOption<Bool>(
    "--no-verify", help: "do not compile and run the C on this machine to check it")
  static let keepGoing = CommandOption<Bool>(
    "--keep-going", help: "write the files though the C does not compute what its graph does (status 4 all the same)")
  static let options =
    [
      output.untyped, TargetOptions.target.untyped, foldPreprocessing.untyped,
      noVerify.untyped, keepGoing.untyped, VerifyCommand.tolerance.untyped,
    ] + PipelineOptions.compiled + PassReportOptions.all + EmissionChoices.all + PassSamples.options
    + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    guard let folder = try arguments[Self.output] else {
      throw Failure("where the files go is missing: -o FOLDER", kind: .usage)
    }
    guard folder != "-" else {
      throw Failure(
        "several files go to a folder, not to the standard output: -o FOLDER",
        notes: ["'fettle emit' prints the C"], kind: .usage)
    }
    try OutputCheck.run(arguments, folder: folder)
    let progress = session.progress()
    let start = Platform.monotonicSeconds
    progress.begin("read the model")
    var model = try Model.load(try arguments.single("model"), arguments, session)
    // Of the model itself: what ports and preprocessing add does not make it a quantized one.
    let pipeline = try PipelineOptions.compiledPipeline(of: model.graph, arguments, session)
    let target = try TargetOptions.target(arguments, session, default: "c99")
    var samples = try PassSamples(arguments, for: model.graph)
    var macros: [HeaderMacro] = []
    let isFolded = arguments.has(Self.foldPreprocessing)
    if isFolded {
      let texts = [try arguments[DataOptions.data], try arguments[DataOptions.calibration]]
      guard let text = texts.compactMap({ $0 }).first else {
        throw Failure("--fold-preprocessing needs --data", kind: .usage)
      }
      macros = try FoldedPreprocessing.fold(
        into: &model.graph, dataAt: try DataLocation(text), arguments)
      samples = try PassSamples(arguments, for: model.graph, isFolded: true)
    }
    let plain = model.graph
    if !arguments.has(Self.noVerify) { try samples.other?.checkLabels(for: plain) }
    let ports = try PortOptions.apply(to: &model.graph, arguments, inputsAreFolded: isFolded)
    let original = model.graph
    let portSamples = try ports.adapt(samples)
    let portData = portSamples.other
    let run = try WatchedPassRun(
      pipeline, of: model, arguments, session, stem: Self.stem(in: folder, model.name),
      since: start)
    run.times.add("read the model", seconds: Platform.monotonicSeconds - start)
    let measurement =
      run.ledger.forms.isFull
      ? try LedgerMeasurement(
        for: model.graph, portData, target: target, arguments, session, progress) : nil
    try run.run(
      on: &model.graph, for: target, measuring: measurement, portSamples, progress)
    try samples.warn(pipeline, arguments, session)
    FloatEmulation.tell(of: model.graph, from: model.path, after: pipeline, arguments, session)
    progress.begin("emit C")
    let emitStart = Platform.monotonicSeconds
    var job = try EmissionJob(
      model.graph, target: target, name: model.name, pipeline: pipeline.text, digest: model.digest,
      arguments, session)
    job.options.macros = macros + ports.macros
    job.options.test = try GoldenSamples.make(arguments, job.graph, data: portData)
    let files = try job.files()
    progress.end()
    let check = try EmittedCheck(
      EmittedCheck.Original(graph: plain, data: samples.other, withPorts: original, pipeline: pipeline), job,
      portData, arguments, session)
    if let failure = check.failure, !arguments.has(Self.keepGoing) {
      throw failure.noted("nothing was written; --keep-going writes the files all the same")
    }
    let paths = try EmissionJob.write(files, to: folder)
    run.times.add("emit C, check it, write it", seconds: Platform.monotonicSeconds - emitStart)
    // The ledger stands in the summary.
    try session.output(Self.summary(run.ledger, job, check.lines, files, paths, folder))
    try run.finish(showsTable: false)
    if let failure = check.failure { throw failure.noted("the files were written all the same") }
  }

  /// What the graph in front of a failing pass is named by. A job that fails makes no folder: if the
  /// one of the files is missing, the graph goes to the nearest above it.
  private static func stem(in folder: String, _ name: String) -> String {
    Paths.join(Platform.nearestFolder(folder) ?? folder, name)
  }

  private static func summary(
    _ ledger: Ledger, _ job: EmissionJob, _ checks: [String], _ files: [EmittedFile],
    _ paths: [String], _ folder: String
  ) -> String {
    var table = Table(untitled: [.left, .right])
    for (path, file) in zip(paths, files) {
      table.row(["  " + path, NumberText.grouped(file.count) + " B"])
    }
    let program = job.lowered.program
    let arena = NumberText.grouped(program.arenaBytes)
    let bound = NumberText.grouped(program.arenaLowerBound)
    let lines = ["arena        \(arena) B (at least \(bound) B in any order of the layers)"] + checks
    return """
      \(ledger.text)
      \(lines.joined(separator: "\n"))

      wrote
      \(table.text)
      compile with
        \(job.compileLine(files, folder: folder))

      """
  }
}

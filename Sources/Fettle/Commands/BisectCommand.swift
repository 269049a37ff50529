// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// `fettle bisect`: which pass, and which op of it, moves the outputs too far.
struct BisectCommand: Command {
  static let name = "bisect"
  static let summary = "find the first pass, and the op in it, that breaks a model"
  static let usage =
    "MODEL [INPUT.npy ...] -p PIPELINE [--data FILE.npz] [--tolerance BOUND] [-o FOLDER]"
  static let tolerance = CommandOption<BisectTolerance>(
    "--tolerance", value: "BOUND",
    help:
      "how far outputs may move: 'exact', 'abs 1e-3', 'rel 1e-4' of the largest, 'top1' or 'top1 0.95' of the "
      + "samples (default by the passes' effect: exact: rel 1e-5, reassociates: rel 1e-3, lossy: rel 0.1)",
    parse: { (text) throws(Failure) in try BisectTolerance(text) })
  static let count = CommandOption<Int>(
    "--samples", number: "N", minimum: 1,
    help: "samples run (default 4 made-up ones, or the first 16 of the data)")
  static let scale = CommandOption<Double>(
    "--input-scale", real: "NUMBER", help: "the deviation of made-up inputs (default 1)")
  static let timeout = CommandOption<Double>(
    "--timeout", real: "SECONDS",
    help: "a pass that takes longer is to blame too (default: none does)")
  static let noReproducer = CommandOption<Bool>("--no-reproducer", help: "write no reproducer")
  static let output = CommandOption<String>(
    "-o", "--output", text: "FOLDER",
    help:
      "where the reproducer goes: a small graph, its inputs and command.sh (default bisect-MODEL)")
  static let options =
    [
      PipelineOptions.pipeline.untyped, PipelineOptions.rules.untyped, tolerance.untyped, output.untyped, noReproducer.untyped,
      count.untyped, scale.untyped, timeout.untyped,
      CalibrationOptions.load.untyped,
    ] + DataOptions.all + TrialRunner.options + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    guard let path = arguments.positional.first else {
      throw Failure("model is missing", kind: .usage)
    }
    let model = try Model.load(path, arguments, session)
    let pipeline = try PipelineOptions.anchoredPipeline(arguments, session)
    guard !pipeline.passes.isEmpty else {
      throw Failure("the passes are missing: -p PIPELINE", kind: .usage)
    }
    let context = try PassSamples(arguments, for: model.graph)
      .context(for: pipeline, on: model.graph, arguments, session, session.progress())
    try pipeline.check(on: model.graph, context)
    let limit = try arguments[Self.timeout]
    if let limit, limit <= 0 { throw Failure("--timeout takes seconds above 0", kind: .usage) }
    let trial = try PassTrial(arguments, session, timeout: limit)
    let runner = try TrialRunner(arguments, session)
    var folder: ReproducerFolder?
    if !arguments.has(Self.noReproducer) {
      let path = try arguments[Self.output] ?? "bisect-\(model.name)"
      try OutputCheck.run(arguments, folder: path)
      folder = try ReproducerFolder(path, trial, runner, session)
    }
    let bisection = Bisection(
      original: model.graph, pipeline: pipeline, context: context,
      samples: try samples(arguments, model.graph), trial: trial, runner: runner,
      tolerance: try arguments[Self.tolerance])
    let progress = session.progress()
    progress.begin("bisect", total: pipeline.passes.count)
    defer { progress.end() }
    let culprit = try bisection.run { (line) throws(Failure) in
      progress.step()
      try session.output(line + "\n")
    }
    guard let culprit else { return try session.output("all passes are within the tolerance\n") }
    let report = BisectReport(
      bisection: bisection, folder: folder, session: session, progress: progress)
    throw Failure(try report.tell(culprit), kind: .budget)
  }

  /// A tensor for each input port of each sample.
  private func samples(_ arguments: Arguments, _ graph: Graph) throws(Failure) -> [[Tensor]] {
    let files = arguments.positional.dropFirst()
    let count = try arguments[Self.count]
    if let data = try DataSet.load(arguments, for: graph) {
      guard files.isEmpty else {
        throw Failure("samples come from --data or from .npy files", kind: .usage)
      }
      var samples: [[Tensor]] = []
      for i in 0..<min(count ?? 16, data.samples.count) {
        samples.append(try graph.portTensors(for: try data.samples.load(i)))
      }
      guard !samples.isEmpty else { throw Failure("the data have no samples") }
      return samples
    }
    guard files.isEmpty else {
      guard files.count == graph.inputs.count else {
        throw Failure(
          "\(files.count) inputs given, the model has \(graph.inputs.count)", kind: .usage)
      }
      var tensors: [Tensor] = []
      for (file, port) in zip(files, graph.inputs) {
        tensors.append(
          try PortTensors.read(file, for: graph.type(of: port.value), named: port.name))
      }
      return [tensors]
    }
    let scale = try arguments[Self.scale] ?? 1
    var samples: [[Tensor]] = []
    for i in 0..<(count ?? 4) {
      samples.append(try SeededInputs.tensors(for: graph, seed: UInt64(i) + 1, scale: scale))
    }
    return samples
  }
}

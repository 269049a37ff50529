// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Rewriting
import Tensors

/// `fettle verify`: two forms of a model against each other.
struct VerifyCommand: Command {
  static let name = "verify"
  static let summary =
    "compare a model's evaluation with its C (that of the graph behind the passes, if any), or another model's"
  static let usage = "MODEL [OTHER] [-p PIPELINE] [--data FILE.npz]"
  static let defaultTolerance = 1e-4
  static let tolerance = CommandOption<Double>(
    "--tolerance", value: "SHARE",
    help: "how far outputs may be apart, as a share of the largest (default 1e-4)",
    parse: { (text) throws(Failure) in
      guard let share = Double(text), share.isFinite, share >= 0 else {
        throw Failure("'\(text)' is no number of at least 0")
      }
      return share
    })
  static let seeds = CommandOption<Int>(
    "--samples", number: "N", minimum: 1, help: "samples compared (default 4 made-up ones, or all data)")
  static let scale = CommandOption<Double>(
    "--input-scale", real: "NUMBER", help: "the deviation of made-up inputs (default 1)")
  static let options =
    [tolerance.untyped, seeds.untyped, scale.untyped]
    + PipelineOptions.all + PassSamples.options + RunnerOptions.all + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    guard let first = arguments.positional.first, arguments.positional.count <= 2 else {
      throw Failure("one or two models are taken", kind: .usage)
    }
    let limit = try arguments[Self.tolerance] ?? Self.defaultTolerance
    try OutputCheck.run(arguments)
    let reference = try Model.load(first, arguments, session).graph
    var other = reference
    if let second = arguments.positional[safe: 1] {
      other = try Model.load(second, arguments, session).graph
    }
    let pipeline = try PipelineOptions.pipeline(arguments, session)
    try PassRun.run(
      pipeline, on: &other, try PassSamples(arguments, for: other), arguments, session)
    let path = arguments.positional[arguments.positional.count - 1]
    FloatEmulation.tell(of: other, from: path, after: pipeline, arguments, session)
    let samples = try self.samples(arguments, reference)
    let runner = try RunnerOptions.runner(arguments, session)
    if arguments.positional.count == 1, pipeline.passes.isEmpty, !arguments.has(RunnerOptions.interpret) {
      return try check(reference, on: samples, by: runner, limit: limit, session)
    }
    do throws(Failure) {
      try compare(reference, other, on: samples, by: runner, limit: limit, session)
    } catch {
      throw noted(error, pipeline, arguments)
    }
  }

  /// The failure with a word on what was compared if there are passes, and on how to compare without
  /// what they themselves change.
  private func noted(
    _ failure: Failure, _ pipeline: Pipeline, _ arguments: Arguments
  ) -> Failure {
    guard failure.kind == .budget, !pipeline.passes.isEmpty, !failure.diagnostics.isEmpty else {
      return failure
    }
    let lossy = pipeline.lossyPasses
    var copy = failure
    let form = arguments.has(RunnerOptions.interpret) ? "evaluation" : "C"
    let compared =
      arguments.positional.count == 2
      ? "the first model is compared with the \(form) of the second behind the passes"
      : "the model in front of the passes is compared with the \(form) of the graph behind them"
    guard !lossy.isEmpty else {
      copy.diagnostics[0].notes.append(compared)
      return copy
    }
    let model = arguments.positional[arguments.positional.count - 1]
    let file = "\(Paths.stem(of: model))-passes.fettle"
    let passes =
      PipelineOptions.all + PassSamples.options + Plugin.options + ModelOptions.all
      + [TargetOptions.target.untyped]
    let behind = ["opt", model] + arguments.words(of: passes) + ["-o", file, "-q"]
    let again =
      ["verify", file]
      + arguments.words(
        of: [Self.tolerance.untyped, Self.seeds.untyped, Self.scale.untyped] + RunnerOptions.all
          + DataOptions.all.filter { $0.names != DataOptions.calibration.names })
    copy.diagnostics[0].notes += [
      "\(compared), and \(lossy.joined(separator: ", ")) may change what a model computes",
      "to compare the graph behind the passes with its \(form): fettle \(Shell.line(behind)); "
        + "fettle \(Shell.line(again))",
      "what the passes do to the answers tells: fettle eval, on --data",
    ]
    return copy
  }

  private func samples(_ arguments: Arguments, _ graph: Graph) throws(Failure) -> Samples {
    let count = try arguments[Self.seeds]
    if let data = try DataSet.load(arguments, for: graph) {
      let samples = data.samples
      return Samples(count: min(count ?? samples.count, samples.count), load: samples.load)
    }
    let scale = try arguments[Self.scale] ?? 1
    return Samples(count: count ?? 4) { (i) throws(Failure) in
      try SeededInputs.tensors(for: graph, seed: UInt64(i) + 1, scale: scale)
    }
  }

  /// A model against its own C.
  private func check(
    _ graph: Graph, on samples: Samples, by runner: any ModelRunner, limit: Double, _ session: Session
  ) throws(Failure) {
    var check = try ProgramCheck(graph, by: runner, limit: limit)
    let progress = session.progress()
    progress.begin("verify", total: samples.count)
    defer { progress.end() }
    for i in 0..<samples.count {
      let inputs = try samples.load(i)
      try check.compare(inputs, try check.reference(inputs), "sample \(i)")
      progress.step()
    }
    try session.output(check.lines().joined(separator: "\n") + "\n")
  }

  /// A model against the C, or the evaluation, of another.
  private func compare(
    _ reference: Graph, _ other: Graph, on samples: Samples, by runner: any ModelRunner,
    limit: Double, _ session: Session
  ) throws(Failure) {
    let compute = try runner.prepare(other)
    let progress = session.progress()
    progress.begin("verify", total: samples.count)
    defer { progress.end() }
    var worst = 0.0
    var unsoundCount = 0
    for i in 0..<samples.count {
      let inputs = try samples.load(i)
      let expected = try Evaluator(reference).run(inputs)
      let found = try compute(inputs)
      guard expected.count == found.count else {
        throw Failure("\(found.count) outputs in place of \(expected.count)")
      }
      for (port, pair) in zip(reference.outputs, zip(expected, found)) {
        let gap = TensorGap(expected: pair.0, found: pair.1)
        worst = max(worst, gap.relative)
        guard gap.relative <= limit else {
          throw Failure(
            "output '\(port.name)' differs \(gap.text), more than \(limit) of the largest (sample \(i))",
            notes: try FirstDifference.notes(reference, other, inputs, by: runner, limit: limit),
            kind: .budget)
        }
      }
      if !expected.allSatisfy(\.isFinite), inputs.allSatisfy(\.isFinite) { unsoundCount += 1 }
      progress.step()
    }
    var lines = ["\(samples.count) samples agree to \(Float(worst)) of the largest value"]
    if unsoundCount > 0 { lines.append(ProgramCheck.unsoundText(unsoundCount, of: samples.count)) }
    try session.output(lines.joined(separator: "\n") + "\n")
  }
}

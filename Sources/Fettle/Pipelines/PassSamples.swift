// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// What passes are given of the user's data: the samples of `--calibration-data`, or without it those
/// of `--data`. For passes that choose by accuracy every second labelled sample is held back.
struct PassSamples {
  /// The options by which commands that run passes are given data.
  static let options = DataOptions.all + CalibrationOptions.all

  /// The samples of `--calibration-data`.
  var own: DataSet?
  /// Those of `--data`.
  var other: DataSet?

  init(own: DataSet?, other: DataSet?) {
    self.own = own
    self.other = other
  }

  /// The samples that the options name.
  init(_ arguments: Arguments, for graph: Graph, isFolded: Bool = false) throws(Failure) {
    other = try DataSet.load(arguments, for: graph, isFolded: isFolded)
    own = try DataSet.loadCalibration(arguments, for: graph, isFolded: isFolded)
  }

  /// What the passes of a pipeline are given.
  func context(
    for pipeline: Pipeline, on graph: Graph, _ arguments: Arguments, _ session: Session, _ progress: Progress
  ) throws(Failure) -> PassContext {
    var context = PassContext()
    context.ops = session.toolkit.ops
    try CalibrationOptions.prepare(&context, arguments)
    guard let data = own ?? other else { return context }
    // Another command line may have no C compiler at hand and need none.
    let runner = try RunnerOptions.passRunner(arguments, session)
    context.runner = runner
    context.samples = data.samples
    if pipeline.requires(.labelledSamples), data.labels != nil {
      try holdBack(from: data, &context, graph, arguments, session, progress)
    }
    let isSaved = context.calibration != nil
    if let samples = context.samples, Self.areRun(by: pipeline, isSaved: isSaved) {
      context.warnings += try Self.warnings(about: samples)
    }
    return context
  }

  /// Leaves every second sample to the passes; they choose by the others.
  private func holdBack(
    from data: DataSet, _ context: inout PassContext, _ graph: Graph, _ arguments: Arguments,
    _ session: Session, _ progress: Progress
  ) throws(Failure) {
    guard data.samples.count >= 2 * data.samplesPerLabel else {
      throw Failure("one sample with a label is given: it cannot both calibrate and count")
    }
    context.samples = data.half(odd: false).samples
    let counting = data.half(odd: true)
    context.scorer = try DataScorer(
      counting, for: graph,
      by: try RunnerOptions.trialRunner(
        like: graph, sampleCount: counting.samples.count, arguments, session), progress)
  }

  /// Whether passes run samples.
  private static func areRun(by pipeline: Pipeline, isSaved: Bool) -> Bool {
    pipeline.requires(.samples) || pipeline.requires(.labelledSamples)
      || pipeline.requires(.calibration) && !isSaved
  }

  /// Says so if samples cannot show how others will be.
  private static func warnings(about samples: Samples) throws(Failure) -> [Diagnostic] {
    guard samples.count > 1 else {
      return [
        Diagnostic(
          "the passes are calibrated with one sample", severity: .warning,
          notes: ["what one sample shows does not hold for others: give them a hundred or more"])
      ]
    }
    let first = try samples.load(0)
    for i in 1..<samples.count where try samples.load(i) != first { return [] }
    return [
      Diagnostic(
        "the \(samples.count) samples that the passes are calibrated with are all the same",
        severity: .warning)
    ]
  }

  /// Says so if what is measured on `--data` is measured on samples that passes have seen.
  func warn(
    _ pipeline: Pipeline, _ arguments: Arguments, _ session: Session
  ) throws(Failure) {
    let isSaved = try arguments[CalibrationOptions.load] != nil
    guard own == nil, other != nil, Self.areRun(by: pipeline, isSaved: isSaved) else { return }
    session.warn([
      Diagnostic(
        "the passes are calibrated with the samples that are counted", severity: .warning,
        notes: ["--calibration-data FILE.npz gives them others"])
    ])
  }
}

extension Pipeline {
  /// Whether a pass requires something.
  func requires(_ requirement: PassRequirement) -> Bool {
    passes.contains { $0.requires.contains(requirement) }
  }
}

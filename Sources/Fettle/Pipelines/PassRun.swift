// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Targets

/// Pipelines run for a command.
enum PassRun {
  /// Runs a pipeline and tells its warnings.
  static func run(
    _ pipeline: Pipeline, on graph: inout Graph, _ session: Session
  ) throws(Failure) {
    var context = PassContext()
    context.ops = session.toolkit.ops
    try run(pipeline, on: &graph, &context, session)
  }

  /// Runs a pipeline on what the options give it, and tells its warnings and what it chose.
  static func run(
    _ pipeline: Pipeline, on graph: inout Graph, for target: Target? = nil, _ samples: PassSamples,
    _ arguments: Arguments, _ session: Session
  ) throws(Failure) {
    let progress = session.progress()
    var context = try samples.context(
      for: pipeline, on: graph, arguments, session, progress)
    context.requantize = target?.requantizeForm
    context.meter = SampleChangeMeter(samples: (samples.other ?? samples.own)?.samples)
    // Passes without samples are done at once.
    if context.samples != nil, !pipeline.passes.isEmpty { progress.begin("passes") }
    defer { progress.end() }
    try run(pipeline, on: &graph, &context, session)
    try CalibrationOptions.finish(context, arguments)
  }

  private static func run(
    _ pipeline: Pipeline, on graph: inout Graph, _ context: inout PassContext, _ session: Session
  ) throws(Failure) {
    if ChildNote.isChild { context.observer = PassNotes() }
    try pipeline.run(on: &graph, &context)
    session.warn(context.warnings)
    session.tell(context.notes)
  }
}

/// A pipeline run with all that the user asked to see of it: printed graphs, a folder of dumps, the
/// ledger, traces, times.
struct WatchedPassRun {
  let pipeline: Pipeline
  let banner: Banner
  /// Where time went, to which the command adds its own steps.
  let times: PassTimes
  /// What each pass did.
  let ledger: Ledger
  private let session: Session
  private let arguments: Arguments
  private let log: RewriteLog
  /// Where a graph goes on which a pass fails, without its ending; nil for nowhere.
  private let stem: String?
  private let dumps: DumpFolder?

  /// Checks the options; nothing is written yet.
  ///
  /// - Parameters:
  ///   - stem: what the graph in front of a failing pass is named by, with its folder.
  ///   - start: when the command began, by the monotonic clock.
  init(
    _ pipeline: Pipeline, of model: Model, _ arguments: Arguments, _ session: Session,
    stem: String?, since start: Double
  ) throws(Failure) {
    self.pipeline = pipeline
    self.session = session
    self.arguments = arguments
    self.stem = stem
    let banner = Banner(model: model.path, digest: model.digest, pipeline: pipeline)
    self.banner = banner
    times = PassTimes(since: start)
    ledger = Ledger(try LedgerForms(arguments))
    log = try RewriteLog(arguments, pipeline, session)
    dumps = try arguments[PassReportOptions.dumpFolder].map { (path) throws(Failure) in
      try DumpFolder(path, banner)
    }
  }

  /// Runs the passes on a graph, and every stage on the samples of `measurement` if there is one.
  ///
  /// - Throws: what a pass throws, with a note on how to see it again.
  func run(
    on graph: inout Graph, for target: Target?, measuring measurement: LedgerMeasurement?,
    _ samples: PassSamples, _ progress: Progress
  ) throws(Failure) {
    var observers: [any PassObserver] = [
      PassTitles(progress), try GraphPrinting(arguments, pipeline, banner, session), times, log,
    ]
    if ChildNote.isChild { observers.append(PassNotes()) }
    var context = try samples.context(
      for: pipeline, on: graph, arguments, session, progress)
    context.requantize = target?.requantizeForm
    context.meter = SampleChangeMeter(samples: (samples.other ?? samples.own)?.samples)
    try pipeline.check(on: graph, context)
    if let dumps {
      try dumps.begin(graph)
      observers.append(dumps)
    }
    let keeper = FailureKeeper(
      pipeline, banner, stem: dumps.map { $0.stem } ?? stem,
      words: arguments.words(
        of: Plugin.options + DataOptions.all + [CalibrationOptions.load.untyped]))
    observers.append(keeper)
    try ledger.begin(graph, measurement)
    observers.append(ledger)
    context.observer = PassObservers(observers)
    context.progress = progress
    do throws(Failure) {
      try pipeline.run(on: &graph, &context)
    } catch {
      progress.end()
      session.warn(context.warnings)
      log.finish()
      throw keeper.noted(error)
    }
    progress.end()
    session.warn(context.warnings)
    log.finish()
    try CalibrationOptions.finish(context, arguments)
  }

  /// Tells what the passes told, if the ledger is not shown, which holds it.
  func tellNotes() { session.tell(ledger.notes) }

  /// Writes the ledger's files and, to the standard error output, the tables asked for; `showsTable`: the ledger among them.
  func finish(showsTable: Bool) throws(Failure) {
    try ledger.write()
    if showsTable { session.errors(ledger.text) }
    if arguments.has(PassReportOptions.timing) {
      session.errors(times.text(ledger, dumpSeconds: dumps?.seconds ?? 0))
    }
  }
}

extension Target {
  /// The form in which passes write what the target does with wide sums.
  fileprivate var requantizeForm: GraphIR.RequantizeForm {
    switch requantize {
    case .floatScale: .float
    case .fixedPoint: .fixedPoint
    }
  }
}

/// Names the pass that runs.
private final class PassTitles: PassObserver {
  private let progress: Progress
  init(_ progress: Progress) { self.progress = progress }
  func willRun(_ pass: any Pass, at position: Int, on graph: Graph) {
    progress.begin(type(of: pass).name)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// Runs passes of which nothing good is to be expected: they may throw, leave a graph that is not
/// sound, trap or never end. In the program itself every run is a `fettle opt` in a process of its
/// own, which loads the plug-ins again; where commands are run inside another process, there is no
/// such program, and passes run in that process.
struct PassTrial {
  private let session: Session
  private let timeout: Double?
  /// The options that make passes known, with their values, for child processes.
  let pluginWords: [String]
  /// The options that passes are given samples by, for child processes.
  private let sampleWords: [String]
  /// Whether each run has a process of its own.
  let isIsolated: Bool

  /// The option that limits the time of a pass, for a command line.
  var timeoutWords: [String] { timeout.map { ["--timeout", "\($0)"] } ?? [] }

  /// What became of a run.
  enum Outcome {
    case graph(Graph)
    case failed(PassFailure)
  }

  init(_ arguments: Arguments, _ session: Session, timeout: Double?) throws(Failure) {
    self.session = session
    self.timeout = timeout
    isIsolated = session.showsProgress || ChildNote.isChild
    sampleWords = arguments.words(of: DataOptions.all + [CalibrationOptions.load.untyped])
    var words: [String] = []
    for path in try arguments.all(Plugin.load) {
      words += ["--load", (try? Platform.canonicalPath(path)) ?? path]
    }
    if let modules = try arguments[Plugin.modules] {
      words += ["--modules", (try? Platform.canonicalPath(modules)) ?? modules]
    }
    pluginWords = words
  }

  /// Runs a pipeline on a graph.
  ///
  /// - Parameter isQuiet: whether warnings of passes that run in this process are left out.
  /// - Throws: if the child process cannot be started, or the graph cannot be handed over.
  func run(
    _ pipeline: Pipeline, on graph: Graph, isQuiet: Bool = false
  ) throws(Failure) -> Outcome {
    try isIsolated ? runChild(pipeline, graph) : runHere(pipeline, graph, isQuiet)
  }

  private func runHere(
    _ pipeline: Pipeline, _ graph: Graph, _ isQuiet: Bool
  ) throws(Failure) -> Outcome {
    var changed = graph
    var session = session
    if isQuiet { session.isQuiet = true }
    do throws(Failure) {
      try PassRun.run(pipeline, on: &changed, session)
      return .graph(changed)
    } catch {
      return .failed(
        PassFailure(error.description, pass: Self.culprit(error.description, pipeline)))
    }
  }

  private func runChild(_ pipeline: Pipeline, _ graph: Graph) throws(Failure) -> Outcome {
    let folder = try TemporaryFolder("fettle-bisect")
    let (input, output) = (folder.file("before.fettle"), folder.file("after.fettle"))
    try GraphFile.write(graph, to: input)
    let needsSamples = pipeline.passes.contains {
      $0.requires.contains(.samples) || $0.requires.contains(.calibration)
    }
    var child = ChildRun(
      ["opt", "-q", input, "-p", pipeline.text, "-o", output] + pluginWords
        + (needsSamples ? sampleWords : []), session)
    child.timeout = timeout
    let outcome = try child.run(catching: true)
    if outcome.status == 0 {
      return .graph(try GraphFile.read(output, ops: session.toolkit.ops))
    }
    if let crash = outcome.crash {
      let words = outcome.errors.split(separator: "\n").first { $0.contains("Fatal error") }
      let note = words.map { "\nnote: \($0.trimmingPrefix { $0 == " " })" } ?? ""
      let pass = outcome.crashedPass ?? Self.culprit("", pipeline)
      return .failed(PassFailure(crash.description + note, pass: pass, isCrash: true))
    }
    // But for the note on the files that go with the folder.
    let lines = outcome.errors.split(separator: "\n").filter { !$0.contains(folder.path) }
    return .failed(
      PassFailure(lines.joined(separator: "\n"), pass: Self.culprit(outcome.errors, pipeline)))
  }

  /// The pass that a message names, or the only one.
  private static func culprit(_ message: String, _ pipeline: Pipeline) -> String {
    let names = pipeline.passes.map { type(of: $0).name }
    return names.first { message.contains("pass '\($0)'") } ?? names.last ?? ""
  }
}

/// How a pass failed.
struct PassFailure {
  /// What was said of it.
  let text: String
  /// The pass.
  let pass: String
  let isCrash: Bool

  init(_ text: String, pass: String, isCrash: Bool = false) {
    self.text = text
    self.pass = pass
    self.isCrash = isCrash
  }

  /// In front of what was said when a pass's graph could not be run.
  static let notRunnable = "its graph cannot be run: "

  /// In one line, for people.
  var headline: String {
    if isCrash { return text.contains("its time limit") ? "takes too long" : "crashes" }
    if text.hasPrefix(Self.notRunnable) { return "makes a graph that cannot be run" }
    return text.contains("a graph that is not sound") ? "makes a graph that is not sound" : "fails"
  }

  /// What is the same of two failures of one cause: how it failed, and the first message without
  /// names and numbers, which change when the graph shrinks.
  var signature: String {
    var inQuotes = false
    let first = text.split(separator: "\n").first ?? ""
    let plain = first.filter { c in
      if c == "'" { inQuotes.toggle() }
      return !inQuotes && !c.isNumber
    }
    return "\(pass) \(headline) \(plain)"
  }
}

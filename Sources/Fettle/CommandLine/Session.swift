// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Lowering
import Passes
public import Rewriting
public import Targets

/// What a driver is made of: the ops, passes, lowerings and commands that it knows. A driver of one's own adds to the standard ones.
public struct Toolkit: Sendable {
  /// The ops of the text form.
  public var ops = OpSet.standard
  /// The passes of pipelines.
  public var passes: [any Pass.Type]
  /// The names that stand for several passes.
  public var pipelines = standardPipelines
  /// The lowerings, the most special first.
  public var lowerings = LoweringTable.standard
  /// The targets besides `host`.
  public var targets = Target.standard

  /// A toolkit with these passes and everything else standard.
  public init(passes: [any Pass.Type]) { self.passes = passes }
}

/// One run of the command line: the toolkit, and where its words go.
public struct Session: Sendable {
  /// What the driver knows, with the plug-ins that the command line names.
  public internal(set) var toolkit: Toolkit
  /// The file of this program: what child processes run and plug-ins are made for.
  var program = Platform.executablePath ?? ""
  /// Whether progress and warnings are left out.
  public var isQuiet: Bool
  /// Takes what was asked for (the standard output).
  public let output: @Sendable (String) throws(Failure) -> Void
  /// Takes diagnostics (the standard error output).
  public let errors: @Sendable (String) -> Void
  /// Whether the words go to a person's own terminal session rather than to a caller in the same process.
  let showsProgress: Bool

  /// A session that writes to the process's standard streams.
  public init(toolkit: Toolkit) {
    self.init(
      toolkit: toolkit,
      output: { (text) throws(Failure) in try Platform.writeOutput(PrintableText.escaped(text)) },
      errors: { Platform.writeError(PrintableText.escaped($0)) }, showsProgress: true)
  }

  init(
    toolkit: Toolkit, output: @escaping @Sendable (String) throws(Failure) -> Void,
    errors: @escaping @Sendable (String) -> Void, showsProgress: Bool
  ) {
    self.toolkit = toolkit
    isQuiet = false
    self.output = output
    self.errors = errors
    self.showsProgress = showsProgress
  }

  /// Progress of long work, on the standard error output.
  func progress() -> Progress { Progress(quiet: isQuiet || !showsProgress) }

  /// Tells warnings.
  func warn(_ warnings: [Diagnostic]) {
    guard !isQuiet, !warnings.isEmpty else { return }
    errors(Diagnostic.text(of: warnings) + "\n")
  }

  /// Tells what passes chose.
  func tell(_ notes: [String]) {
    guard !isQuiet else { return }
    for note in notes { errors("note: \(note)\n") }
  }

  /// Writes a text to a file, or to the standard output for `-` or no path.
  func write(_ text: String, to path: String?) throws(Failure) {
    if let path, path != "-" {
      try Platform.writeFile(path, text)
    } else {
      try output(text)
    }
  }
}

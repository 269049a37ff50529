// SPDX-License-Identifier: Apache-2.0
public import Checking
public import CompilerSupport
import Synchronization

/// `fettle check`: runs the samples of `ir-samples/`.
struct CheckCommand: Command {
  static let name = "check"
  static let summary = "run the RUN, CHECK and COMPARE lines of samples"
  static let usage = "FILE|FOLDER ..."
  static let options: [UntypedOption] = []

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    guard !arguments.positional.isEmpty else {
      throw Failure("a file or folder is missing", kind: .usage)
    }
    var paths: [String] = []
    for path in arguments.positional { paths += try Self.samples(in: path) }
    let progress = session.progress()
    progress.begin("check", total: paths.count)
    var findings: [CheckFinding] = []
    for path in paths {
      findings += try SampleCheck.findings(in: path, toolkit: session.toolkit)
      progress.step()
    }
    progress.end()
    guard findings.isEmpty else { throw Failure(findings.map(\.diagnostic)) }
    try session.output("\(paths.count) samples passed\n")
  }

  /// The samples at a path: itself, or all `.fettle` files below a folder, in order.
  static func samples(in path: String) throws(Failure) -> [String] {
    guard Platform.isDirectory(path) else { return [path] }
    var found: [String] = []
    for entry in try Platform.entries(of: path).sorted() {
      let inner = Paths.join(path, entry)
      if Platform.isDirectory(inner) {
        found += try samples(in: inner)
      } else if entry.hasSuffix(".fettle") {
        found.append(inner)
      }
    }
    return found
  }
}

/// Samples checked in this process.
public enum SampleCheck {
  /// What is wrong with a sample file; nothing if all is as it says.
  ///
  /// - Parameter program: the file of the program that runs what needs a process of its own; nil: this one.
  public static func findings(
    in path: String, toolkit: Toolkit, program: String? = nil
  ) throws(Failure) -> [CheckFinding] {
    let folder = try TemporaryFolder("fettle-check")
    let runner = CheckRunner(
      temporaryFolder: folder.path, run: { command($0, toolkit, program: program) },
      compare: { SampleComparison.difference($0, toolkit: toolkit, program: program) },
      write: { (path, text) throws(Failure) in try Platform.writeFile(path, text) })
    return runner.findings(in: try CheckFile(path: path, text: try Platform.readText(path)))
  }

  /// Runs a command line in this process (but what may crash in a process of `program`) and collects what it writes.
  public static func command(
    _ words: [String], _ toolkit: Toolkit, program: String? = nil
  ) -> CommandResult {
    let written = Collected()
    var session = Session(
      toolkit: toolkit, output: { written.output.add($0) }, errors: { written.errors.add($0) },
      showsProgress: false)
    if let program { session.program = program }
    let status = Driver.run(words, session)
    return CommandResult(stdout: written.output.text, stderr: written.errors.text, status: status)
  }

  private final class Collected: Sendable {
    let output = CollectedText()
    let errors = CollectedText()
  }

  private final class CollectedText: Sendable {
    private let storage = Mutex("")
    var text: String { storage.withLock { $0 } }
    func add(_ more: String) { storage.withLock { $0 += more } }
  }
}

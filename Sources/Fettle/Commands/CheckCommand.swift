// SPDX-License-Identifier: Apache-2.0
public import Checking
public import CompilerSupport
import Dispatch
import Synchronization

/// `fettle check`: runs the samples of `ir-samples/`.
struct CheckCommand: Command {
  static let name = "check"
  static let summary = "run the RUN, CHECK and COMPARE lines of samples"
  static let usage = "FILE|FOLDER ... [--filter TEXT] [--bless]"
  static let filter = CommandOption<String>(
    "--filter", text: "TEXT", help: "only samples whose path holds the text (may be repeated)")
  static let bless = CommandOption<Bool>(
    "--bless", help: "rewrite CHECK and CHECK-NEXT lines without patterns to what came out, and tell which")
  static let options = [filter.untyped, bless.untyped]

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    guard !arguments.positional.isEmpty else {
      throw Failure("a file or folder is missing", kind: .usage)
    }
    var paths: [String] = []
    for path in arguments.positional { paths += try Self.samples(in: path) }
    guard !paths.isEmpty else { throw Failure("there is no sample, no file that ends in .fettle") }
    let filters = try arguments.all(Self.filter)
    if !filters.isEmpty {
      paths = paths.filter { path in filters.contains { path.contains($0) } }
      guard !paths.isEmpty else { throw Failure("no sample's path holds the text of --filter") }
    }
    var findings = Self.diagnose(paths, session)
    var rewritten = 0
    if arguments.has(Self.bless) {
      for i in paths.indices where !findings[i].isEmpty {
        rewritten += try Self.bless(paths[i], &findings[i], session)
      }
    }
    let wrong = findings.flatMap { $0.flatMap(\.diagnostics) }
    guard wrong.isEmpty else {
      let count = findings.count { !$0.isEmpty }
      if !session.isQuiet { session.errors("\(count) of \(paths.count) samples failed\n") }
      throw Failure(wrong)
    }
    let told = rewritten == 0 ? "" : ", \(rewritten) lines rewritten"
    try session.output("\(paths.count) samples passed\(told)\n")
  }

  /// What is wrong with a sample: findings, or that it cannot be read.
  private enum Wrong: Sendable {
    case found(CheckFinding)
    case unreadable(Failure)

    var diagnostics: [Diagnostic] {
      switch self {
      case .found(let finding): [finding.diagnostic]
      case .unreadable(let failure): failure.diagnostics
      }
    }
  }

  private static func diagnose(_ path: String, _ session: Session) -> [Wrong] {
    do throws(Failure) {
      return try SampleCheck.findings(
        in: path, toolkit: session.toolkit, program: session.program).map { .found($0) }
    } catch {
      return [.unreadable(error)]
    }
  }

  /// Runs the samples, as many at once as there are cores; the answers come in the order of the paths.
  private static func diagnose(_ paths: [String], _ session: Session) -> [[Wrong]] {
    let progress = session.progress()
    progress.begin("check", total: paths.count)
    let block = Platform.coreCount
    var all: [[Wrong]] = []
    for start in stride(from: 0, to: paths.count, by: block) {
      let some = Array(paths[start..<min(start + block, paths.count)])
      let results = Mutex<[[Wrong]]>(Array(repeating: [], count: some.count))
      DispatchQueue.concurrentPerform(iterations: some.count) { i in
        let wrong = diagnose(some[i], session)
        results.withLock { $0[i] = wrong }
      }
      all += results.withLock { $0 }
      for _ in some { progress.step() }
    }
    progress.end()
    return all
  }

  /// Rewrites what a sample expects as long as that helps: a line that is not met hides those behind it. Gives back how
  /// many lines were rewritten, and what is still wrong.
  private static func bless(
    _ path: String, _ wrong: inout [Wrong], _ session: Session
  ) throws(Failure) -> Int {
    var lines: Set<Int> = []
    while true {
      let findings = wrong.compactMap { if case .found(let one) = $0, !lines.contains(one.line) { one } else { nil } }
      let blessing = CheckBlessing(try Platform.readText(path), findings)
      guard !blessing.changes.isEmpty else { return lines.count }
      try Platform.writeFile(path, blessing.text)
      for change in blessing.changes {
        lines.insert(change.line)
        try session.output("\(path):\(change.line): - \(change.before)\n\(path):\(change.line): + \(change.after)\n")
      }
      wrong = diagnose(path, session)
    }
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

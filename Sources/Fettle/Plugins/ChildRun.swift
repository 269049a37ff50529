// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// A command line run by a process of its own of this program, so that what crashes there (a plug-in,
/// a pass that traps) does not take this one along.
struct ChildRun {
  /// The words behind the program's name.
  var words: [String]
  /// The program.
  var program: String
  /// Seconds after which the child is killed; nil lets it run.
  var timeout: Double?

  /// A run of these words by the program of a session.
  init(_ words: [String], _ session: Session) {
    self.words = words
    program = session.program
  }

  /// How a child ended.
  struct Outcome {
    /// The exit status; nil after a crash.
    let status: Int32?
    /// The signal that ended it.
    let signal: Int32?
    /// What is to be said of the crash, if there was one.
    let crash: Failure?
    /// The pass that crashed; nil if none was running.
    let crashedPass: String?
    /// What it wrote, unless it wrote to this process's own streams.
    let output: String
    let errors: String
  }

  /// Runs the child to its end.
  ///
  /// - Parameter catching: whether what it writes is collected; else the child has this process's streams.
  /// - Throws: if it cannot be started.
  func run(catching: Bool) throws(Failure) -> Outcome {
    // Its temporary files go with this folder, however it ends.
    let folder = try TemporaryFolder("fettle-child")
    let note = folder.file("note")
    var process = Subprocess([program] + words)
    process.environment = [
      (ChildNote.variable, "\(Platform.processID):\(note)"), ("TMPDIR", folder.path),
    ]
    if Platform.environment("SWIFT_BACKTRACE") == nil {
      // A crash must not wait for keys; where it was is told, not what the registers held.
      process.environment.append(("SWIFT_BACKTRACE", "interactive=no,registers=none,images=none"))
    }
    process.inheritsStreams = !catching
    process.timeout = timeout
    let outcome = try process.run()
    let (pass, doing) = ChildNote.read(note)
    let hasCrashed = outcome.status == nil || outcome.timedOut
    return Outcome(
      status: hasCrashed ? nil : outcome.status, signal: outcome.signal,
      crash: hasCrashed ? Self.crash(outcome, pass, doing) : nil,
      crashedPass: hasCrashed ? pass : nil,
      output: outcome.outputText, errors: outcome.errorText)
  }

  private static func crash(
    _ outcome: Subprocess.Outcome, _ pass: String?, _ doing: String?
  ) -> Failure {
    var notes: [String] = []
    if let signal = outcome.signal, [4, 5].contains(signal) {
      notes.append(
        "Swift stops a program this way where a check fails: an index out of range, an overflow, a nil unwrapped")
    }
    if pass != nil {
      notes.append("'fettle bisect' with the same model, passes and plug-ins writes the few ops that show it")
    }
    let time = doing.map { " while \($0)" } ?? ""
    return Failure(
      "the process \(outcome.summary)\(time)",
      at: Origin(subject: pass.map { "pass '\($0)'" }), notes: notes)
  }

  /// Signals that say that somebody wants no more: the terminal went, a key, a closed pipe, a request.
  private static let requests: [Int32] = [1, 2, 13, 15]

  /// Runs the child in place of this process's own work: its words go where the session's go. Returns the exit status, which is a
  /// shell's for a child that was asked to end.
  ///
  /// - Throws: what is to be said of a crash.
  func replaceSession(_ session: Session) throws(Failure) -> Int32 {
    let outcome = try run(catching: !session.showsProgress)
    if !outcome.output.isEmpty { try session.output(outcome.output) }
    if !outcome.errors.isEmpty { session.errors(outcome.errors) }
    if let signal = outcome.signal, Self.requests.contains(signal) { return 128 + signal }
    if let crash = outcome.crash { throw crash }
    return outcome.status ?? Failure.Kind.failed.rawValue
  }
}

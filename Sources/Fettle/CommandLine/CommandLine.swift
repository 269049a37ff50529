// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Passes
import Rewriting

/// Fettle as a command line.
public enum Driver {
  /// The version of the tool.
  public static let version = "0.1.0"

  /// The commands, in the order of the help text: a new one is one line here.
  static let commands: [any Command.Type] = [
    CompileCommand.self, ImportCommand.self, ExportCommand.self, OptCommand.self,
    EmitCommand.self, RunCommand.self, EvalCommand.self, AnalyzeCommand.self,
    SensitivityCommand.self, VerifyCommand.self, DiffCommand.self, BisectCommand.self,
    ReduceCommand.self, DescribeCommand.self, CheckCommand.self, PluginCommand.self,
    CompletionCommand.self,
  ]

  /// The toolkit of the standard driver.
  public static var standardToolkit: Toolkit { Toolkit(passes: standardPasses) }

  /// Runs the command line and returns the exit status: 0 done, 1 the input is wrong or the job failed, 2 usage, 3 something is not
  /// supported, 4 a budget or tolerance was not met.
  public static func main(_ words: [String], toolkit: Toolkit = standardToolkit) -> Int32 {
    run(words, Session(toolkit: toolkit))
  }

  /// Runs a command in a session.
  static func run(_ words: [String], _ session: Session) -> Int32 {
    do throws(Failure) {
      return try dispatch(words, session)
    } catch {
      session.errors(error.description + "\n")
      if error.kind == .usage {
        session.errors("note: 'fettle help' lists the commands, 'fettle COMMAND --help' the options\n")
      }
      return error.kind.rawValue
    }
  }

  /// Does what the words say and returns the exit status, 0 unless a child process did it.
  private static func dispatch(_ words: [String], _ session: Session) throws(Failure) -> Int32 {
    guard let first = words.first else {
      throw Failure("a command is missing", kind: .usage)
    }
    switch first {
    case "--version", "-V":
      try session.output("fettle \(version)\n")
      return 0
    case "help", "--help", "-h":
      try session.output(words.count > 1 ? try named(words[1]).help : overview)
      return 0
    default: break
    }
    let command = try named(first)
    let arguments = try Arguments(
      Array(words.dropFirst()), options: command.allOptions,
      advice: { command.takesPasses ? passOption($0, $1, session) : nil })
    if arguments.has(helpOption) {
      try session.output(command.help)
      return 0
    }
    var session = session
    session.isQuiet = arguments.has(quietOption)
    if !(try arguments.all(Plugin.load)).isEmpty {
      guard ChildNote.isChild else { return try ChildRun(words, session).replaceSession(session) }
      session.toolkit.passes += try Plugin.passes(arguments, session)
    }
    try command.init().run(arguments, session)
    return 0
  }

  /// Where an option of a pass stands, for words that give it to a command: `--calibrator mse`.
  /// With the pipeline to write, if the value alone makes one that is right.
  private static func passOption(_ name: String, _ value: String?, _ session: Session) -> String? {
    guard name.hasPrefix("--") else { return nil }
    let word = String(name.dropFirst(2))
    let toolkit = session.toolkit
    guard let owner = toolkit.passes.first(where: { $0.init().hasOption(word) }) else { return nil }
    let named = toolkit.pipelines.first { named in
      let pipeline = try? Pipeline(parsing: named.text, known: toolkit.passes)
      return pipeline?.passes.contains { type(of: $0) == owner } ?? false
    }
    let advice = "it is an option of the pass '\(owner.name)'"
    let text = "\(named?.name ?? owner.name){\(word)=\(value ?? "")}"
    guard let pipeline = try? PipelineOptions.parse(text, session),
      pipeline.passes.allSatisfy({ (try? $0.check(PassContext())) != nil })
    else { return "\(advice): 'fettle describe \(owner.name)' tells how it is written" }
    return "\(advice): -p \(Shell.quoted(text))"
  }

  private static func named(_ name: String) throws(Failure) -> any Command.Type {
    guard let command = commands.first(where: { $0.name == name }) else {
      throw Failure(
        "there is no command '\(name)'",
        notes: Spelling.notes(for: name, among: commands.map { $0.name }), kind: .usage)
    }
    return command
  }

  /// The list of commands.
  private static var overview: String {
    var table = Table(untitled: [.left, .left])
    for command in commands { table.row(["  " + command.name, command.summary]) }
    return """
      fettle \(version): trims neural networks and emits them as C

      usage: fettle COMMAND ...

      \(table.text)
      'fettle COMMAND --help' tells a command's options.

      """
  }
}

extension Pass {
  fileprivate func hasOption(_ name: String) -> Bool { Self.options.contains { $0.name == name } }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// A command of the command line: one file each, one line in `Driver.commands`.
public protocol Command: Sendable {
  /// The word behind `fettle`.
  static var name: String { get }
  /// One line for the list of commands.
  static var summary: String { get }
  /// The words behind the name, as in `MODEL [-o FILE]`.
  static var usage: String { get }
  /// The options.
  static var options: [UntypedOption] { get }
  /// What the help text says of `-q` beyond what it does for every command.
  static var quietNote: String { get }
  init()
  /// Does the job.
  ///
  /// - Throws: what goes to the standard error output, and the exit status.
  func run(_ arguments: Arguments, _ session: Session) throws(Failure)
}

extension Command {
  /// Nothing.
  public static var quietNote: String { "" }

  /// Whether passes can be named.
  static var takesPasses: Bool { options.contains { $0.names == PipelineOptions.pipeline.names } }

  /// All options: where passes are named, those of plug-ins too; and those of every command.
  static var allOptions: [UntypedOption] {
    let quiet = CommandOption<Bool>(
      quietOption.names[0], quietOption.names[1], help: quietOption.help + quietNote)
    return options + (takesPasses ? Plugin.options : []) + [helpOption.untyped, quiet.untyped]
  }

  /// The help text.
  static var help: String {
    var table = Table(untitled: [.left, .left])
    for option in allOptions {
      let names = option.names.joined(separator: ", ")
      let value = option.placeholder.map { option.assumed == nil ? " \($0)" : "[=\($0)]" }
      table.row(["  " + names + (value ?? ""), option.help])
    }
    return "usage: fettle \(name) \(usage)\n\n\(summary)\n\noptions:\n" + table.text
  }
}

let helpOption = CommandOption<Bool>("-h", "--help", help: "this text")
let quietOption = CommandOption<Bool>("-q", "--quiet", help: "no progress, no warnings, no notes")
let outputOption = CommandOption<String>(
  "-o", "--output", text: "PATH", help: "where the result goes; '-': the standard output")

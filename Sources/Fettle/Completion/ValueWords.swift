// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// What may stand in a place of the command line, as far as a shell can complete it.
enum ValueWords: Equatable {
  /// Nothing that a shell knows.
  case unknown
  /// One of some words.
  case words([String])
  /// Passes, separated by commas.
  case passes
  /// A target, or a JSON file.
  case target
  /// A file with one of these endings; any file if there is none.
  case files([String])
  case folder

  /// What stands behind an option; nil behind a switch.
  init?(_ option: UntypedOption) {
    guard let placeholder = option.placeholder else { return nil }
    if !option.words.isEmpty {
      self = .words(option.words)
    } else if option.names == TargetOptions.target.names {
      self = .target
    } else {
      self.init(placeholder: placeholder)
    }
  }

  /// What a placeholder of the help text stands for, as in `FILE.npz`, `FOLDER`, `[MODEL]`.
  init(placeholder: String) {
    // What may stand behind a name is nothing that a shell knows.
    let name = placeholder.prefix { $0 != "[" }
    let text = (name.isEmpty ? placeholder : String(name)).filter { !"[]… ".contains($0) }
    if text == "PASSES" {
      self = .passes
    } else if text == "FOLDER" || text == "DIR" {
      self = .folder
    } else if text.hasPrefix("MODEL") {
      self = .files(["onnx", "fettle"])
    } else if ["FILE", "PATH", "GRAPH"].contains(where: { text.hasPrefix($0) }) {
      let endings = text.split(separator: "|").map { Paths.ending(of: String($0)) }
      self = endings.contains("") ? .files([]) : .files(endings)
    } else {
      self = .unknown
    }
  }
}

/// The command line as shells need it: made from the same tables as the help text.
struct CompletionTable {
  /// An option, with what stands behind it.
  struct Option {
    let names: [String]
    let help: String
    let placeholder: String
    /// Nil for a switch.
    let value: ValueWords?
  }

  /// A command, with what stands in it beside options.
  struct Entry {
    let name: String
    let summary: String
    let options: [Option]
    let arguments: ValueWords
  }

  /// The name of the program.
  let program: String
  let commands: [Entry]
  let passes: [String]
  let targets: [String]

  init(_ session: Session) {
    let name = Paths.name(of: session.program)
    program = name.isEmpty ? "fettle" : name
    passes =
      session.toolkit.passes.map { $0.name } + session.toolkit.pipelines.map(\.name)
    targets = ["host"] + session.toolkit.targets.map(\.name).filter { $0 != "host" }
    commands = Driver.commands.map { Self.entry($0, session) }
      + [
        Entry(
          name: "help", summary: "tell the commands, or a command's options", options: [],
          arguments: .words(Driver.commands.map { $0.name }))
      ]
  }

  private static func entry(_ command: any Command.Type, _ session: Session) -> Entry {
    Entry(
      name: command.name, summary: command.summary,
      options: command.allOptions.map { option in
        Option(
          names: option.names, help: option.help, placeholder: option.placeholder ?? "",
          value: ValueWords(option))
      },
      arguments: arguments(of: command, session))
  }

  /// What the usage line names first; the words of commands that take words.
  private static func arguments(of command: any Command.Type, _ session: Session) -> ValueWords {
    if command == CompletionCommand.self { return .words(CompletionCommand.shells) }
    if command == DescribeCommand.self { return .words(ReferencePage.names(session.toolkit)) }
    let first = command.usage.split(separator: " ").first.map(String.init) ?? ""
    if first.contains("FOLDER") { return .files([]) }
    return ValueWords(placeholder: first)
  }
}

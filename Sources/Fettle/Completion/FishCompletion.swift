// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

extension CompletionTable {
  /// The completion for fish.
  var fish: String {
    var out = TextWriter()
    out.line("# Completion of \(program) for fish: put this file as \(program).fish into ~/.config/fish/completions.")
    out.line()
    out.line("complete -c \(program) -f")
    for command in commands {
      out.line(
        "complete -c \(program) -n __fish_use_subcommand -a \(command.name) -d \(Self.fishQuoted(command.summary))")
    }
    for command in commands {
      let condition = "complete -c \(program) -n '__fish_seen_subcommand_from \(command.name)'"
      out.line()
      let arguments = fishValue(command.arguments)
      if !arguments.isEmpty { out.line("\(condition) \(arguments)") }
      for option in command.options {
        let names = option.names.map { $0.hasPrefix("--") ? "-l \($0.dropFirst(2))" : "-s \($0.dropFirst())" }
        let value = option.value.map { " -x " + fishValue($0) } ?? ""
        out.line("\(condition) \(names.joined(separator: " "))\(value) -d \(Self.fishQuoted(option.help))")
      }
    }
    return out.text
  }

  private func fishValue(_ value: ValueWords) -> String {
    switch value {
    case .unknown: ""
    case .words(let words): "-a '\(words.joined(separator: " "))'"
    case .passes: "-a '(__fish_append , \(passes.joined(separator: " ")))'"
    case .target: "-a '\(targets.joined(separator: " "))'"
    case .files(let endings):
      endings.isEmpty
        ? "-a '(__fish_complete_path)'"
        : "-a '\(endings.map { "(__fish_complete_suffix .\($0))" }.joined(separator: " "))'"
    case .folder: "-a '(__fish_complete_directories)'"
    }
  }

  /// Text in quotes of fish, where a backslash escapes.
  private static func fishQuoted(_ text: String) -> String {
    "'" + text.map { "'\\".contains($0) ? "\\\($0)" : String($0) }.joined() + "'"
  }
}

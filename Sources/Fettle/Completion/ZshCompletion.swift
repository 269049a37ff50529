// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

extension CompletionTable {
  /// The completion for zsh.
  var zsh: String {
    var out = TextWriter()
    let list = commands.map { "    " + Self.quoted("\($0.name):\(Self.escaped($0.summary))") }
    out.write(
      """
      #compdef \(program)
      # Completion of \(program) for zsh: put this file as _\(program) into a folder of $fpath.

      _\(program)_passes() {
        compset -P '*,'
        compadd -S '' -- \(passes.joined(separator: " "))
      }

      _\(program)() {
        local -a commands
        commands=(
      \(list.joined(separator: "\n"))
        )
        if (( CURRENT == 2 )); then
          _describe command commands
          return
        fi
        local command=$words[2]
        shift words
        (( CURRENT-- ))
        case $command in

      """)
    for command in commands {
      out.line("    \(command.name))")
      let specs = command.options.map { zshSpec($0) } + ["'*:argument:\(zshAction(command.arguments))'"]
      out.line("      _arguments \\")
      out.line(specs.map { "        " + $0 }.joined(separator: " \\\n") + " ;;")
    }
    out.line("  esac")
    out.line("}")
    out.line()
    out.line("if [[ $funcstack[1] == _\(program) ]]; then")
    out.line("  _\(program) \"$@\"")
    out.line("else")
    out.line("  compdef _\(program) \(program)")
    out.line("fi")
    return out.text
  }

  /// A specification of `_arguments`; every option may be repeated.
  private func zshSpec(_ option: Option) -> String {
    // Behind a long name the value may stand after '='.
    let all = option.names.map { $0.hasPrefix("--") && option.value != nil ? $0 + "=" : $0 }
    let names = all.count == 1 ? all[0] : "{\(all.joined(separator: ","))}"
    var text = "[\(Self.escaped(option.help))]"
    if let value = option.value {
      text += ":\(Self.escaped(option.placeholder)):\(zshAction(value))"
    }
    return "'*'\(names)\(Self.quoted(text))"
  }

  private func zshAction(_ value: ValueWords) -> String {
    switch value {
    case .unknown: " "
    case .words(let words): "(\(words.joined(separator: " ")))"
    case .passes: "_\(program)_passes"
    case .target: "(\(targets.joined(separator: " ")))"
    case .files(let endings):
      endings.isEmpty ? "_files" : "_files -g \"*.(\(endings.joined(separator: "|")))\""
    case .folder: "_files -/"
    }
  }

  /// Text inside of a specification.
  private static func escaped(_ text: String) -> String {
    text.map { ":[]\\".contains($0) ? "\\\($0)" : String($0) }.joined()
  }

  /// Text in quotes of the shell.
  static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}

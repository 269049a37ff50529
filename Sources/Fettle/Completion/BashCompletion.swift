// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

extension CompletionTable {
  /// The completion for bash 3.2 and newer.
  var bash: String {
    var out = TextWriter()
    let function = "_" + program.map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
    out.write(
      """
      # Completion of \(program) for bash: source this file, or put it where bash-completion looks.

      \(function)_files() {  # the endings of files, as in 'onnx|fettle'; none: all
        local IFS=$'\\n' file
        COMPREPLY=($(compgen -d -- "$cur"))
        for file in $(compgen -f -- "$cur"); do
          [[ -d $file ]] && continue
          [[ -z $1 || "|$1|" == *"|${file##*.}|"* ]] && COMPREPLY+=("$file")
        done
      }

      \(function)_words() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }

      \(function)_passes() {  # behind the last comma
        local front= word
        [[ $cur == *,* ]] && front="${cur%,*},"
        word=${cur#"$front"}
        COMPREPLY=($(compgen -P "$front" -W '\(passes.joined(separator: " "))' -- "$word"))
      }

      \(function)() {
        local cur=${COMP_WORDS[COMP_CWORD]} prev= option
        ((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD-1]}
        COMPREPLY=()
        if ((COMP_CWORD == 1)); then
          \(function)_words '\(commands.map(\.name).joined(separator: " "))'
          return
        fi
        # '--option=value' comes as three words.
        if [[ $cur == '=' ]]; then
          cur=
        elif [[ $prev == '=' ]]; then
          prev=${COMP_WORDS[COMP_CWORD-2]}
        fi
        case "${COMP_WORDS[1]} $prev" in

      """)
    for command in commands {
      for option in command.options {
        guard let value = option.value else { continue }
        let patterns = option.names.map { "'\(command.name) \($0)'" }.joined(separator: "|")
        out.line("    \(patterns)) \(bashCall(function, value)); return ;;")
      }
    }
    out.line("  esac")
    out.line("  case ${COMP_WORDS[1]} in")
    for command in commands {
      let names = command.options.flatMap(\.names).joined(separator: " ")
      out.line("    \(command.name))")
      out.line("      if [[ $cur == -* ]]; then \(function)_words '\(names)'")
      out.line("      else \(bashCall(function, command.arguments)); fi ;;")
    }
    out.line("  esac")
    out.line("}")
    out.line()
    out.line("complete -o filenames -F \(function) \(program)")
    return out.text
  }

  private func bashCall(_ function: String, _ value: ValueWords) -> String {
    switch value {
    case .unknown: ":"
    case .words(let words): "\(function)_words '\(words.joined(separator: " "))'"
    case .passes: "\(function)_passes"
    case .target: "\(function)_words '\(targets.joined(separator: " "))'"
    case .files(let endings): "\(function)_files '\(endings.joined(separator: "|"))'"
    case .folder: "COMPREPLY=($(compgen -d -- \"$cur\"))"
    }
  }
}

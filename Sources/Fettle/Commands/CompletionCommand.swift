// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// `fettle completion`: what shells need to complete the command line.
struct CompletionCommand: Command {
  static let name = "completion"
  static let summary = "print the completion of the command line for a shell"
  static let usage = "bash|zsh|fish"
  static let options: [UntypedOption] = []
  static let shells = ["bash", "zsh", "fish"]

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    let shell = try arguments.single("shell")
    let table = CompletionTable(session)
    switch shell {
    case "bash": try session.output(table.bash)
    case "zsh": try session.output(table.zsh)
    case "fish": try session.output(table.fish)
    default:
      throw Failure(
        "no completion for '\(shell)'", notes: Spelling.notes(for: shell, among: Self.shells), kind: .usage)
    }
  }
}

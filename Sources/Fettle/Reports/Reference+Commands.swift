// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

extension Reference {
  /// The commands with all options, from the tables that parse them.
  static func commands() -> ReferenceDocument {
    ReferenceDocument(
      title: "Commands",
      introduction:
        "The commands of `fettle` with their options. Exit status: 0 done, 1 the input is wrong or the job failed, 2 wrong usage "
        + "(what stands inside of --pipeline is input: 1), 3 something is not supported, 4 a budget or tolerance was not met.",
      entries: Driver.commands.map { entry(command: $0) })
  }

  private static func entry(command: any Command.Type) -> ReferenceDocument.Entry {
    ReferenceDocument.Entry(
      name: command.name, summary: "\(command.summary): `fettle \(command.name) \(command.usage)`",
      parts: command.allOptions.map { option in
        let value = option.placeholder.map { option.assumed == nil ? $0 : "[=\($0)]" } ?? ""
        return (option.names.joined(separator: ", "), value, option.help)
      })
  }
}

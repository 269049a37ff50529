// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// `fettle plugin`: compiles passes of one's own ahead of their use.
struct PluginCommand: Command {
  static let name = "plugin"
  static let summary = "compile a Swift file of passes to a library for --load"
  static let usage = "FILE.swift -o FILE.so"
  static let options = [outputOption.untyped, Plugin.modules.untyped]

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    let path = try arguments.single("Swift file")
    guard let output = try arguments[outputOption], output != "-" else {
      throw Failure("where the library goes is missing: -o FILE.so", kind: .usage)
    }
    guard Paths.ending(of: path) == "swift" else {
      throw Failure("this is no Swift file", at: Origin(file: path), kind: .usage)
    }
    try OutputCheck.run(arguments, file: output)
    let library = try Plugin.library(path, modules: try arguments[Plugin.modules], session)
    try Platform.writeFile(output, try Platform.readFile(library))
  }
}

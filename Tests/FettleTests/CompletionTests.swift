// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// The completions of the command line, run by the shells that are there.
@Suite struct CompletionTests {
  private static func script(_ shell: String) -> String {
    SampleCheck.command(["completion", shell], Driver.standardToolkit, program: "/bin/fettle").stdout
  }

  private static func isThere(_ shell: String) -> Bool {
    (try? Subprocess([shell, "-c", "true"]).run())?.succeeded == true
  }

  /// What bash offers for the last of the words.
  private static func offers(_ words: [String]) throws -> Set<String> {
    let folder = try TemporaryFolder("fettle-completion")
    for name in ["model.onnx", "graph.fettle", "data.npz", "notes.txt"] {
      try Platform.writeFile(folder.file(name), "")
    }
    try Platform.createDirectory(folder.file("inner"))
    try Platform.writeFile(folder.file("script"), Self.script("bash"))
    let list = words.map { "'\($0)'" }.joined(separator: " ")
    var process = Subprocess([
      "bash", "-c",
      "source ./script; COMP_WORDS=(\(list)); COMP_CWORD=\(words.count - 1); _fettle; printf '%s\\n' \"${COMPREPLY[@]}\"",
    ])
    process.directory = folder.path
    let outcome = try process.run()
    #expect(outcome.succeeded && outcome.errors.count == 0, "\(outcome.errorText)")
    return Set(outcome.outputText.split(separator: "\n").map(String.init))
  }

  @Test(.enabled(if: isThere("bash")), arguments: [
    (["fettle", "comp"], ["compile", "completion"], ["opt"]),
    (["fettle", "opt", "-p", "can"], ["canonicalize"], ["fold-batch-norm"]),
    (["fettle", "eval", "-p", "quantize-"], ["quantize-int8", "quantize-int16"], ["quantize"]),
    (["fettle", "eval", "m", "--calibration-data", ""], ["data.npz", "inner"], ["notes.txt", "model.onnx"]),
    (["fettle", "opt", "--pipeline", "canonicalize,fold"], ["canonicalize,fold-batch-norm"], ["fold-batch-norm"]),
    (["fettle", "opt", "--pipeline", "=", "can"], ["canonicalize"], []),
    (["fettle", "compile", "-t", "m"], ["m4", "m7"], ["host"]),
    (["fettle", "eval", "--layout", ""], ["as-is", "nhwc"], ["model.onnx"]),
    (["fettle", "eval", "--layout", "="], ["as-is", "nhwc"], []),
    (["fettle", "opt", ""], ["model.onnx", "graph.fettle", "inner"], ["notes.txt", "data.npz"]),
    (["fettle", "eval", "m", "--data", ""], ["data.npz", "inner"], ["notes.txt", "model.onnx"]),
    (["fettle", "opt", "--modules", ""], ["inner"], ["model.onnx"]),
    (["fettle", "describe", "con"], ["conv", "concat"], ["canonicalize"]),
    (["fettle", "completion", ""], ["bash", "zsh", "fish"], []),
    (["fettle", "help", "o"], ["opt"], ["run"]),
  ]) func bash(_ words: [String], _ wanted: [String], _ unwanted: [String]) throws {
    let offers = try Self.offers(words)
    #expect(offers.isSuperset(of: wanted), "\(offers)")
    #expect(offers.isDisjoint(with: unwanted), "\(offers)")
  }

  /// The commands, as the help text lists them.
  static var commands: [String] {
    SampleCheck.command(["help"], Driver.standardToolkit).stdout.split(separator: "\n")
      .filter { $0.hasPrefix("  ") }.compactMap { $0.split(separator: " ").first.map(String.init) }
  }

  @Test(.enabled(if: isThere("bash")), arguments: commands) func options(of command: String) throws {
    let help = SampleCheck.command(["help", command], Driver.standardToolkit).stdout
    let names = help.split(separator: "\n").filter { $0.hasPrefix("  -") }
      .flatMap { $0.split(separator: " ").prefix { $0.hasPrefix("-") } }
      .map { String($0.prefix { $0 != "," && $0 != "[" }) }
    #expect(names.contains("--help"))
    #expect(try Self.offers(["fettle", command, "-"]) == Set(names))
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func everythingIsNamed(_ shell: String) throws {
    let script = Self.script(shell)
    for command in Self.commands { #expect(script.contains(command), "\(command)") }
    for word in ["canonicalize", "pipeline", "nhwc", "m4", "onnx"] { #expect(script.contains(word), "\(word)") }
    guard Self.isThere(shell) else {
      // Quotes that are closed, at least.
      for line in script.split(separator: "\n") where !line.contains("\\'") {
        #expect(line.count { $0 == "'" } % 2 == 0, "\(line)")
      }
      return
    }
    let folder = try TemporaryFolder("fettle-completion")
    try Platform.writeFile(folder.file("script"), script)
    let outcome = try Subprocess([shell, "-n", folder.file("script")]).run()
    #expect(outcome.succeeded, "\(outcome.errorText)")
  }

  @Test func anUnknownShell() {
    let result = SampleCheck.command(["completion", "fsh"], Driver.standardToolkit)
    #expect(result.status == 2 && result.stderr.contains("did you mean 'zsh'"), "\(result.stderr)")
  }
}

// SPDX-License-Identifier: Apache-2.0
import CEmission
import CompilerSupport
import LoopIR
import LoopInterpreter
import Targets
import Tensors

/// A C compiler with flags, as tests use it.
struct Toolchain: Sendable, CustomStringConvertible {
  let words: [String]
  var description: String { words.joined(separator: " ") }

  static let strict = [
    "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror",
  ]

  /// Whether everything is to be tried: `.ci/run --long` says so by an environment variable.
  static let isThorough = Platform.environment("FETTLE_LONG_TESTS") != nil

  /// The compilers of this machine: optimised, and thoroughly with sanitizers too.
  static let all: [Toolchain] = {
    let checked = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    let optimised = isThorough ? ["-O3", "-march=native"] : ["-O1", "-march=native"]
    var found: [Toolchain] = []
    for compiler in ["gcc", "clang"] where isThere(compiler) {
      if isThorough { found.append(Toolchain(words: [compiler] + checked)) }
      found.append(Toolchain(words: [compiler] + optimised))
    }
    return isThorough ? found : Array(found.prefix(1))
  }()

  private static func isThere(_ compiler: String) -> Bool {
    (try? Subprocess([compiler, "--version"]).run())?.succeeded ?? false
  }
}

/// What a test of emitted C found wrong.
struct Mismatch: Error, CustomStringConvertible { let description: String }

/// The target that tests emit for.
func testTarget(_ name: String) -> Target { Target.standard.first { $0.name == name }! }

/// Emits the program with what the interpreter computes as golden vectors, compiles it under each toolchain
/// and runs it.
func check(
  _ program: Program, ports: [Tensor?], relative: Double = 0, target: String = "x86-64-v4",
  toolchains: [Toolchain] = Toolchain.all, configure: (inout EmissionOptions) -> Void = { _ in }
) throws {
  let results = try LoopInterpreter.run(program, ports: ports, outputsMayBeParts: true)
  let outputs = zip(program.ports, results).filter { $0.0.role == .output }.map(\.1)
  let inputs = zip(program.ports, ports).filter { $0.0.role == .input }.compactMap(\.1)
  var options = EmissionOptions(target: testTarget(target))
  options.test = GoldenVectors(
    samples: [(inputs, outputs)], absolute: relative, relative: relative)
  configure(&options)
  let folder = try TemporaryFolder("fettle-c")
  let files = try CEmitter.emit(program, options)
  for file in files { try Platform.writeFile(folder.file(file.name), file.contents) }
  let sources = files.map(\.name).filter { $0.hasSuffix(".c") || $0.hasSuffix(".S") }
  for toolchain in toolchains {
    var compile = Subprocess(
      toolchain.words + Toolchain.strict + sources + ["-o", "test", "-lm"])
    compile.directory = folder.path
    let compiled = try compile.run()
    guard compiled.succeeded else {
      throw Mismatch(description: "\(toolchain): \(compiled.errorText.prefix(4000))")
    }
    let outcome = try Subprocess([folder.file("test")]).run()
    guard outcome.succeeded else {
      throw Mismatch(
        description: "\(toolchain): \(outcome.outputText) \(outcome.errorText.prefix(2000))")
    }
  }
}

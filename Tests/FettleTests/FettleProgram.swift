// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The program `fettle` of the same build as these tests.
enum FettleProgram {
  /// Its path; nil if it is not built.
  static let path: String? = {
    let here = Platform.executablePath.map { [Paths.folder(of: $0)] } ?? []
    let builds = ["release", "debug"].map { Repository.path(".build/\($0)") }
    return (here + builds).map { Paths.join($0, "fettle") }
      .first { Platform.exists($0) }.flatMap { try? Platform.canonicalPath($0) }
  }()

  /// Whether plug-ins can be compiled: the compiler that builds these tests is in `PATH` as a rule.
  static let hasCompiler: Bool = {
    guard path != nil, (try? Subprocess(["swiftc", "--version"]).run())?.succeeded == true else {
      Platform.writeError("SKIPPED: the tests of plug-ins (no swiftc in PATH, or the program is not built)\n")
      return false
    }
    return true
  }()

  /// Runs the program.
  static func run(
    _ words: [String], environment: [(name: String, value: String?)] = []
  ) throws -> Subprocess.Outcome {
    var process = Subprocess([path ?? "fettle"] + words)
    process.environment = environment
    return try process.run()
  }
}

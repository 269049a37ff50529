// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Fettle
import Testing

/// `fettle bisect` as a program: passes run in processes of their own, so that one that crashes is found like any other.
@Suite(.enabled(if: FettleProgram.path != nil)) struct BisectProgramTests {
  @Test func aCleanPipeline() throws {
    let result = try FettleProgram.run([
      "bisect", BisectTests.resnet8, "-p", "canonicalize, fold-batch-norm", "--no-reproducer", "-q",
    ])
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.outputText.contains("pass 2 of 2, fold-batch-norm: agrees"), "\(result.outputText)")
  }

  /// A plug-in's pass that traps on one kind of op: named, and the graph cut down to that op.
  @Test(.enabled(if: FettleProgram.hasCompiler)) func aPassThatTraps() throws {
    let folder = try TemporaryFolder("fettle-bisect-test")
    let plugin = folder.file("Trap.swift")
    try Platform.writeFile(
      plugin,
      """
      import CompilerSupport
      import GraphIR
      import Rewriting
      struct Trap: Pass {
        static let name = "trap"
        static let summary = "a test"
        static let effect = NumericEffect.exact
        func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
          let none: [Int] = []
          for op in graph.opIDs where graph.op(op, as: Softmax.self) != nil { graph.name += "\\(none[graph.opCount])" }
        }
      }
      func fettlePasses() -> [any Pass.Type] { [Trap.self] }
      """)
    let out = folder.file("out")
    let result = try FettleProgram.run(
      ["bisect", "-q", BisectTests.resnet8, "--load", plugin, "-p", "canonicalize, trap, fold-batch-norm", "-o", out],
      environment: [("SWIFT_BACKTRACE", "enable=no")])
    #expect(result.status == 4, "\(result.errorText)")
    #expect(result.outputText.contains("pass 2 of 3, trap: crashes\n"), "\(result.outputText)")
    #expect(result.outputText.contains("Index out of range"), "\(result.outputText)")
    #expect(result.outputText.contains("reproducer: 1 op in \(out)"), "\(result.outputText)")
    var again = Subprocess(["sh", Paths.join(out, "command.sh")])
    again.environment = [("FETTLE", FettleProgram.path), ("SWIFT_BACKTRACE", "enable=no")]
    let outcome = try again.run()
    #expect(outcome.status == 4 && outcome.outputText.contains("trap: crashes"), "\(outcome.errorText)")
    #expect(try Platform.readText(Paths.join(out, "reproducer.fettle")).contains("softmax"))
  }
}

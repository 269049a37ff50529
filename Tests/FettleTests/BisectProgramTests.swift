// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Fettle
import Testing

/// `fettle bisect` as a program: passes run in processes of their own, so that one that crashes is
/// found like any other.
@Suite(.enabled(if: FettleProgram.path != nil)) struct BisectProgramTests {
  @Test func aCleanPipeline() throws {
    let result = try FettleProgram.run([
      "bisect", BisectTests.resnet8, "-p", "canonicalize, fold-batch-norm", "--no-reproducer", "-q",
    ])
    #expect(result.status == 0, "\(result.errorText)")
    #expect(
      result.outputText.contains("pass 2 of 2, fold-batch-norm: agrees"), "\(result.outputText)")
  }

  /// A plug-in with a pass that does something bad to each softmax.
  private static func plugin(_ name: String, _ statement: String) -> String {
    """
    import CompilerSupport
    import GraphIR
    import Rewriting
    struct Bad: Pass {
      static let name = "\(name)"
      static let summary = "a test"
      static let effect = NumericEffect.exact
      func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
        let none: [Int] = []
        for op in graph.opIDs where graph.op(op, as: Softmax.self) != nil { \(statement) }
      }
    }
    func fettlePasses() -> [any Pass.Type] { [Bad.self] }
    """
  }

  /// Passes that take the process along: named, and the graph cut down to the op that they cannot
  /// take.
  @Test(
    .enabled(if: FettleProgram.hasCompiler),
    arguments: [
      ("trap", #"graph.name += "\(none[graph.opCount])""#, "crashes", "ended by signal"),
      (
        "linger", "while none.count == graph.name.utf8.count - graph.name.utf8.count {}",
        "takes too long", "its time limit"
      ),
    ]) func aPassThatTakesTheProcessAlong(
      _ name: String, _ statement: String, _ how: String, _ words: String
    ) throws
  {
    let folder = try TemporaryFolder("fettle-bisect-test")
    let plugin = folder.file("Bad.swift")
    try Platform.writeFile(plugin, Self.plugin(name, statement))
    let out = folder.file("out")
    let model = folder.file("g.fettle")
    try Platform.writeFile(
      model,
      """
      graph @g(%x: f32[1,4]) -> (y: %y) {
        %a = unary %x {function=tanh} : f32[1,4] loc("tanh")
        %s = softmax %a {axis=1} : f32[1,4] loc("softmax")
        %y = unary %s : f32[1,4] loc("relu")
      }

      """)
    let result = try FettleProgram.run(
      [
        "bisect", "-q", model, "--load", plugin, "-p", "canonicalize, \(name), fold-batch-norm",
        "-o", out, "--timeout",
        name == "linger" ? "1" : "60",
      ], environment: [("SWIFT_BACKTRACE", "enable=no")])
    #expect(result.status == 4, "\(result.errorText)")
    #expect(result.outputText.contains("pass 2 of 3, \(name): \(how)\n"), "\(result.outputText)")
    #expect(result.outputText.contains(words), "\(result.outputText)")
    #expect(result.outputText.contains("reproducer: 1 op in \(out)"), "\(result.outputText)")
    #expect(try Platform.readText(Paths.join(out, "reproducer.fettle")).contains("softmax"))
    var again = Subprocess(["sh", Paths.join(out, "command.sh")])
    again.environment = [("FETTLE", FettleProgram.path), ("SWIFT_BACKTRACE", "enable=no")]
    let outcome = try again.run()
    #expect(
      outcome.status == 4 && outcome.outputText.contains("\(name): \(how)"), "\(outcome.errorText)")
  }

  /// Rules from a file run in front of the pipeline, by the evaluator and as compiled C, and the
  /// reproducer finds the file from its own folder.
  @Test(arguments: [[], ["--compiled"]]) func rulesThatAreWrong(_ words: [String]) throws {
    let folder = try TemporaryFolder("fettle-bisect-test")
    let rules = folder.file("wrong.rules")
    try Platform.writeFile(
      rules, "rule lose-relu { %y = unary %x {function=relu} } => { %y = unary %x {function=tanh} }\n")
    let out = folder.file("out")
    let result = try FettleProgram.run(
      ["bisect", "-q", BisectTests.resnet8, "--rules", rules, "-p", "canonicalize", "-o", out] + words)
    #expect(result.status == 4, "\(result.errorText)")
    #expect(result.outputText.contains("pass 1 of 2, rules: output"), "\(result.outputText)")
    #expect(result.outputText.contains("function: relu -> tanh"), "\(result.outputText)")
    // The folder holds all that the command needs.
    try Platform.removeTree(rules)
    var again = Subprocess(["sh", Paths.join(out, "command.sh")])
    again.environment = [("FETTLE", FettleProgram.path)]
    let outcome = try again.run()
    #expect(
      outcome.status == 4 && outcome.outputText.contains("pass 1 of 1, rules"), "\(outcome.errorText)")
  }

  /// A pass that needs samples gets those of the bisection.
  @Test func passesThatNeedSamples() throws {
    let data = Repository.path("ir-samples/resnet8/samples.npz")
    let words = [
      "bisect", "-q", BisectTests.resnet8, "-p", "fold-batch-norm, quantize", "--no-reproducer",
    ]
    let result = try FettleProgram.run(words + ["--data", data, "--limit", "4", "--tolerance", "rel 0.5"])
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.outputText.contains("pass 2 of 2, quantize: agrees"), "\(result.outputText)")
    let without = try FettleProgram.run(words)
    #expect(
      without.status == 1 && without.errorText.contains("neither samples (--calibration-data, --data) nor"),
      "\(without.errorText)")
  }
}

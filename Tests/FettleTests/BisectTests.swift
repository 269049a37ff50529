// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// `fettle bisect` on passes that are wrong on purpose. FETTLE_PLANTED_MODELS names more models
/// (separated by ':') than the small one.
@Suite struct BisectTests {
  static let resnet8 = Repository.path("ir-samples/resnet8/resnet8.onnx")

  static var models: [String] {
    let named = Platform.environment("FETTLE_PLANTED_MODELS") ?? ""
    return named.isEmpty ? [resnet8] : named.split(separator: ":").map(String.init)
  }

  static var toolkit: Toolkit { Toolkit(passes: standardPasses + PlantedBugs.passes) }

  private static func run(_ words: [String]) -> CommandResult {
    SampleCheck.command(words, toolkit)
  }

  /// The number behind a word in a text.
  private static func number(behind word: String, in text: String) -> Int? {
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(word) }) else {
      return nil
    }
    return Int(line.dropFirst(word.count).prefix { $0.isNumber })
  }

  /// The bug, its place in a pipeline, and how many ops are enough to show it.
  @Test(
    arguments: models,
    [
      ("wrong-axis", "canonicalize, fold-batch-norm, planted-wrong-axis, remove-dead-channels", 3),
      (
        "off-by-one-pad",
        "canonicalize, fold-batch-norm, planted-off-by-one-pad, remove-dead-channels", 3
      ),
      (
        "stale-constant",
        "canonicalize, fold-batch-norm, planted-stale-constant, remove-dead-channels", 3
      ),
      ("swapped-operands", "canonicalize, planted-swapped-operands, fold-batch-norm", 2),
      ("lost-bias", "canonicalize, fold-batch-norm, planted-lost-bias, remove-dead-channels", 3),
      ("fold-and-forget", "canonicalize, planted-fold-and-forget, remove-dead-channels", 2),
    ]) func planted(_ model: String, _ bug: (name: String, pipeline: String, position: Int)) throws
  {
    let folder = try TemporaryFolder("fettle-planted")
    let out = folder.file("out")
    let start = Platform.monotonicSeconds
    let result = Self.run(["bisect", model, "-p", bug.pipeline, "-o", out, "--samples", "2"])
    let seconds = NumberText.fixed(Platform.monotonicSeconds - start, 1)
    #expect(result.status == 4, "\(result.stderr)\(result.stdout)")
    // Where it was planted, as the pass itself warned.
    let mark = "warning: planted in "
    let place = try #require(result.stderr.split(separator: "\n").first { $0.hasPrefix(mark) })
      .dropFirst(mark.count)
    let count = bug.pipeline.split(separator: ",").count
    #expect(
      result.stdout.contains("pass \(bug.position) of \(count), planted-\(bug.name): output "),
      "\(result.stdout)")
    #expect(
      result.stdout.contains("first op that differs: \(place): "),
      "planted in \(place)\n\(result.stdout)")
    #expect(
      result.stderr.contains(
        "error: pass 'planted-\(bug.name)' moves the outputs beyond the tolerance, first at \(place)"
      ))
    let ops = try #require(
      Self.number(behind: "reproducer: ", in: result.stdout), "\(result.stdout)")
    #expect(ops <= (bug.name == "fold-and-forget" ? 2 : 1), "\(result.stdout)")
    #expect(try Platform.entries(of: out).contains("command.sh"))
    if Platform.environment("FETTLE_PLANTED_MODELS") != nil {
      Platform.writeError(
        "planted \(Paths.stem(of: model)) \(bug.name): \(place), \(ops) ops, \(seconds) s\n")
    }
  }

  @Test func allIsWell() throws {
    let result = Self.run([
      "bisect", Self.resnet8, "-p",
      "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize", "--no-reproducer",
    ])
    #expect(result.status == 0, "\(result.stdout)\(result.stderr)")
    #expect(result.stdout.contains("pass 2 of 4, fold-batch-norm: agrees to "))
    #expect(result.stdout.hasSuffix("all passes are within the tolerance\n"))
  }

  /// On real samples, by the class that they are given: folding does not change it, halved weights
  /// do.
  @Test(arguments: [("fold-batch-norm", 0), ("planted-stale-constant", 4)])
  func classesOfRealSamples(_ pass: String, _ status: Int32) throws {
    let result = Self.run([
      "bisect", Self.resnet8, "-p", pass, "--data",
      Repository.path("ir-samples/resnet8/samples.npz"), "--tolerance",
      "top1", "--samples", "40", "--no-reproducer",
    ])
    #expect(result.status == status, "\(result.stdout)\(result.stderr)")
    guard status == 4 else { return }
    #expect(
      result.stdout.contains("output 'output' has its largest element elsewhere in "),
      "\(result.stdout)")
    #expect(
      result.stdout.contains("of 40 rows, allowed is top1\nfirst op that differs: conv of "),
      "\(result.stdout)")
  }

  /// A pass moves ops past each other: their values differ, but the fault is elsewhere.
  @Test func movedOpsAreNotToBlame() throws {
    let folder = try TemporaryFolder("fettle-planted")
    let graph = folder.file("g.fettle")
    try Platform.writeFile(
      graph,
      """
      graph @g(%x: f32[1,2,4,4]) -> (y: %y) {
        @w = f32[2,2,1,1] [0.5, -1, 2, 0.25]
        %e = unary %x {function=tanh} : f32[1,2,4,4] loc("tanh")
        %r = unary %e : f32[1,2,4,4] loc("relu")
        %p = pool %r {window=[1,1]} : f32[1,2,4,4] loc("pool")
        %c = conv %p, @w : f32[1,2,4,4] loc("conv")
        %y = unary %c {function=sigmoid} : f32[1,2,4,4] loc("sigmoid")
      }

      """)
    let result = Self.run([
      "bisect", graph, "-p", "planted-reorder-and-scale", "-o", folder.file("out"),
    ])
    #expect(result.status == 4)
    #expect(result.stdout.contains("first op that differs: conv of 'conv': "), "\(result.stdout)")
    #expect(result.stdout.contains("    weight: constant f32[2,2,1,1] #"))
    #expect(result.stdout.contains("reproducer: 1 op in "), "\(result.stdout)")
  }

  /// What cannot be compared is not within a tolerance.
  @Test func outputsOfAnotherType() throws {
    let folder = try TemporaryFolder("fettle-planted")
    let graph = folder.file("g.fettle")
    try Platform.writeFile(
      graph, "graph @g(%x: f32[4]) -> (y: %y) {\n  %y = unary %x {function=tanh} : f32[4]\n}\n")
    let result = Self.run(["bisect", graph, "-p", "planted-other-output", "--no-reproducer"])
    #expect(result.status == 1, "\(result.stdout)")
    #expect(result.stderr.contains("pass 'planted-other-output': changes the outputs"), "\(result.stderr)")
  }

  /// Errors that are small in each pass.
  @Test func errorsAddUp() throws {
    let folder = try TemporaryFolder("fettle-planted")
    let graph = folder.file("g.fettle")
    try Platform.writeFile(
      graph,
      """
      graph @g(%x: f32[1,2]) -> (y: %y) {
        @w = f32[2,2] [0.5, -1, 2, 0.25]
        %h = matmul %x, @w : f32[1,2] loc("first")
        %y = matmul %h, @w : f32[1,2] loc("second")
      }

      """)
    let words = ["bisect", graph, "-p", "planted-nudge, planted-nudge, planted-nudge"]
    let result = Self.run(words + ["--tolerance", "rel 0.011", "-o", folder.file("out")])
    #expect(result.status == 4)
    #expect(
      result.stdout.contains("pass 1 of 3, planted-nudge: agrees to 0.00"), "\(result.stdout)")
    #expect(
      result.stdout.contains("pass 2 of 3, planted-nudge: output 'y' differs"), "\(result.stdout)")
    #expect(result.stdout.contains("the errors of the passes so far add up"))
    // No single op is beyond it, but the classes never change.
    let classes = Self.run(words + ["--tolerance", "top1", "--no-reproducer"])
    #expect(classes.status == 0, "\(classes.stdout)\(classes.stderr)")
  }

  @Test(arguments: [
    ("planted-refuse", "fails", "there is no case for 'dense'", 1),
    ("planted-unsound", "makes a graph that is not sound", "op 'average_pooling2d' (pool)", 1),
  ]) func passesThatFail(_ pass: String, _ how: String, _ words: String, _ ops: Int) throws {
    let folder = try TemporaryFolder("fettle-planted")
    let out = folder.file("out")
    let result = Self.run([
      "bisect", Self.resnet8, "-p", "canonicalize, \(pass), fold-batch-norm", "-o", out,
    ])
    #expect(result.status == 4)
    #expect(result.stdout.contains("pass 2 of 3, \(pass): \(how)\n"), "\(result.stdout)")
    #expect(result.stdout.contains(words), "\(result.stdout)")
    #expect(result.stderr.contains("error: pass '\(pass)' \(how)"))
    #expect(Self.number(behind: "reproducer: ", in: result.stdout) == ops, "\(result.stdout)")
    #expect(
      try Platform.readText(Paths.join(out, "command.sh")).contains(
        "bisect reproducer.fettle -p \(pass) --no-reproducer"))
  }

  @Test func whatIsRefused() throws {
    let folder = try TemporaryFolder("fettle-planted")
    try Platform.writeFile(folder.file("something"), "")
    let bisect = ["bisect", Self.resnet8]
    for (words, status, message) in [
      (bisect, 2, "the passes are missing: -p PIPELINE"),
      (["bisect", "-p", "canonicalize"], 2, "model is missing"),
      (
        bisect + ["-p", "canonicalize", "-o", folder.path], 2,
        "is there already, and reproducers replace nothing"
      ),
      (bisect + ["-p", "canonicalise"], 1, "did you mean 'canonicalize'"),
      (
        bisect + ["a.npy", "b.npy", "-p", "canonicalize", "-o", folder.file("new")], 2,
        "2 inputs given, the model has 1"
      ),
    ] {
      let result = Self.run(words)
      #expect(result.status == status, "\(result.stderr)")
      #expect(result.stderr.contains(message), "\(result.stderr)")
    }
  }
}

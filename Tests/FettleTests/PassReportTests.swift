// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import GraphIR
import Rewriting
import Tensors
import Testing

/// Leaves an output that is read before it is made.
private struct Breaks: Pass {
  static let name = "breaks"
  static let summary = "leaves an ill-formed graph"
  static let effect = NumericEffect.lossy
  init() {}
  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    graph.rewrite { rw in
      guard let last = rw.graph.opIDs.last, let first = rw.graph.opIDs.first else { return }
      rw.move(last, before: first)
    }
  }
}

/// Throws.
private struct Refuses: Pass {
  static let name = "refuses"
  static let summary = "throws"
  static let effect = NumericEffect.exact
  init() {}
  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    throw Failure("the moon is in the wrong house")
  }
}

/// What commands show of the passes that they run.
@Suite struct PassReportTests {
  private static let model = Repository.path("ir-samples/resnet8/resnet8.onnx")
  private static let data = Repository.path("ir-samples/resnet8/samples.npz")
  private static let passes = "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize"

  private static func fettle(_ words: String...) -> CommandResult {
    var toolkit = Driver.standardToolkit
    toolkit.passes += [Breaks.self, Refuses.self]
    return SampleCheck.command(words, toolkit)
  }

  @Test func everyStageOfADumpRuns() throws {
    let folder = try TemporaryFolder()
    let dumps = folder.file("dumps")
    let result = Self.fettle(
      "opt", Self.model, "-p", Self.passes, "-o", folder.file("o.fettle"), "--dump-dir", dumps)
    #expect(result.status == 0, "\(result.stderr)")
    let names = try Platform.entries(of: dumps)
    #expect(
      names == [
        "00-input.fettle", "01-canonicalize.fettle", "02-fold-batch-norm.fettle",
        "03-remove-dead-channels.fettle", "04-canonicalize.fettle", "constants-00.safetensors",
        "constants-02.safetensors",
      ])
    // Each constant once: the text stays small, the side files hold no more than the model and the folded weights.
    for name in names where name.hasSuffix(".fettle") {
      let path = Paths.join(dumps, name)
      #expect(try Platform.readText(path).utf8.count < 64 << 10)
      let run = Self.fettle("verify", Self.model, path, "--samples", "1", "--tolerance", "1e-5", "--interpret")
      #expect(run.status == 0, "\(name): \(run.stderr)")
    }
    let again = Self.fettle("opt", Self.model, "--dump-dir", dumps)
    #expect(again.status == 1)
    #expect(again.stderr.contains("exists and is not empty"))
  }

  @Test func theLedgerHasARowForEachPass() throws {
    let folder = try TemporaryFolder()
    let result = Self.fettle(
      "opt", Self.model, "-p", Self.passes, "-o", folder.file("o.fettle"), "--ledger=full",
      "--ledger=\(folder.file("l.json"))", "--ledger=\(folder.file("l.csv"))", "--data", Self.data,
      "--limit", "20")
    #expect(result.status == 0, "\(result.stderr)")
    let json = try JSONValue.parse(try Platform.readText(folder.file("l.json")))
    let rows = try #require(json.elements)
    #expect(rows.map { $0["ops"]?.int } == [30, 30, 23, 23, 23])
    #expect(rows[2]["stored_bytes_by_encoding"]?["dense f32"]?.int == 310_824)
    #expect(rows[2]["macs"]?.int == 12_501_632)
    // The largest pair of tensors alive: 2 · 16 · 32 · 32 floats beside a third.
    #expect(rows[2]["peak_ram_bytes"]?.int == 196_608)
    let error = try #require(rows[2]["error_from_original"]?["max_abs"]?.double)
    #expect(error > 0 && error < 1e-4)
    #expect(rows[2]["error_from_original"]?["top1_agreement"]?.double == 1)
    #expect(rows[4]["error_from_before"]?["max_abs"]?.double == 0)
    #expect(rows[4]["top1"]?.double != nil)
    #expect(rows[4]["arena_bytes"]?.int ?? 0 > 0)
    let lines = try Platform.readText(folder.file("l.csv")).split(whereSeparator: \.isNewline)
    #expect(lines.count == 6)
    #expect(Set(lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).count }).count == 1)
    #expect(result.stderr.contains("same top-1"))
  }

  @Test func rewritesExplainThemselves() throws {
    let result = Self.fettle(
      "opt", Self.model, "-p", Self.passes, "--trace-rewrites=fold-batch-norm", "--stats", "--timing",
      "--print-ir-after-change")
    #expect(result.status == 0)
    let errors = result.stderr
    #expect(errors.contains(
      "fold-batch-norm: norm-into-layer-in-front: batch_norm of 'batch_normalization': applied"))
    #expect(errors.contains("declined: unary has no weights"))
    #expect(!errors.contains("\ncanonicalize: "))
    #expect(errors.contains("most often because"))
    #expect(errors.contains("pass fold-batch-norm"))
    // Only one pass of the four changes this model.
    #expect(errors.split(separator: "---- after ").count == 2)
    #expect(errors.contains("// ---- after fold-batch-norm, pass 2 of 4 ----"))
    let passes = try Pipeline(parsing: Self.passes, known: standardPasses).text
    #expect(result.stdout.contains("// passes \(passes)\n"))
  }

  /// A channel that leaves for its weights of 1e-30 stands in the summary of `compile` and in the JSON of its ledger.
  @Test func roundedChannelsAreReported() throws {
    let folder = try TemporaryFolder("fettle-report")
    let model = folder.file("net.fettle")
    try Platform.writeFile(
      model,
      """
      graph @net(%x: f32[1,1,4]) -> (y: %y) {
        @w = f32[2,1,1] [1, 1e-30]
        @u = f32[1,2,1] [1, 2]
        %a = conv %x, @w : f32[1,2,4] loc("a")
        %y = conv %a, @u : f32[1,1,4] loc("y")
      }

      """)
    let ledger = folder.file("ledger.json")
    let result = Self.fettle(
      "compile", model, "-o", folder.file("out"), "--no-verify", "--ledger=\(ledger)")
    let note = "remove-dead-channels: 1 channel leaves whose weights are at most"
    #expect(result.status == 0 && result.stdout.contains("\n\(note)"), "\(result.stdout)")
    #expect(!result.stderr.contains(note), "told twice: \(result.stderr)")
    let rows = try JSONValue.parse(try Platform.readText(ledger), file: ledger).elements ?? []
    let notes = rows.map { $0["notes"]?.elements?.compactMap(\.text) ?? [] }
    #expect(notes.map(\.count) == [0, 0, 0, 1, 0])
    #expect(notes.contains { $0.first?.hasPrefix(note) == true })
  }

  @Test(arguments: [
    (["--ledger=x.txt"], "neither 'full' nor a file"),
    (["-p", "canonicalize", "--print-ir-after=fold-batch-norm"], "the pipeline has no pass 'fold-batch-norm'"),
    (["-p", "canonicalise"], "did you mean 'canonicalize'?"),
  ])
  func optionsAreChecked(_ words: [String], _ message: String) {
    let result = SampleCheck.command(["opt", Self.model] + words, Driver.standardToolkit)
    #expect(result.status != 0)
    #expect(result.stderr.contains(message), "\(result.stderr)")
    #expect(result.stdout.isEmpty)
  }

  @Test(arguments: [
    ("breaks", "has made a graph that is not sound"), ("refuses", "the moon is in the wrong house"),
  ])
  func aFailingPassLeavesAReproducer(_ pass: String, _ message: String) throws {
    let folder = try TemporaryFolder()
    let output = folder.file("o.fettle")
    let result = Self.fettle(
      "opt", Self.model, "-p", "fold-batch-norm, \(pass)", "-o", output, "--print-ir-after-failure")
    #expect(result.status == 1)
    #expect(result.stderr.contains("error: pass '\(pass)': "), "\(result.stderr)")
    #expect(result.stderr.contains(message))
    #expect(result.stderr.contains("---- before \(pass), pass 2 of 2 ----"))
    #expect(!Platform.exists(output))
    let kept = folder.file("o-before-\(pass).fettle")
    #expect(result.stderr.contains("to see it again: fettle opt \(kept) -p \(pass)"))
    #expect(Self.fettle("opt", kept, "-p", pass).stderr.contains(message))
  }

  @Test func pipelinesComeFromFilesWithComments() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("my.pipeline")
    try Platform.writeFile(path, "// First the norms.\nfold-batch-norm,\ncanonicalize // then the rest\n")
    let result = Self.fettle("opt", Self.model, "-p", "@\(path)")
    #expect(result.status == 0, "\(result.stderr)")
    #expect(result.stdout.contains("// passes fold-batch-norm, canonicalize\n"))
    try Platform.writeFile(path, "fold-batch-norm,\n  canonicalice\n")
    let wrong = Self.fettle("opt", Self.model, "-p", "@\(path)")
    #expect(wrong.stderr.contains("\(path):2:3: error: there is no pass 'canonicalice'"))
  }
}

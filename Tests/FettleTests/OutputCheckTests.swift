// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// Outputs that cannot be written are known of before the work, and failed jobs make no folders.
@Suite struct OutputCheckTests {
  private let folder: TemporaryFolder

  /// Every line is a pass that says that it has run.
  private static let trace = ["--print-ir-before", "canonicalize", "-p", "canonicalize"]

  init() throws {
    folder = try TemporaryFolder("fettle-outputs")
    try Platform.writeFile(
      folder.file("net.fettle"),
      """
      graph @net(%x: f32[1,4]) -> (y: %y) {
        @w = f32[4,4] [1 ...]
        %h = unary %x : f32[1,4] loc("relu")
        %y = matmul %h, @w : f32[1,4] loc("fc")
      }

      """)
    try Platform.writeFile(folder.file("file"), "kept")
  }

  private func fettle(_ words: [String]) -> CommandResult {
    SampleCheck.command(words, Driver.standardToolkit)
  }

  @Test(arguments: [
    (["opt", "-o", "missing/x.fettle"] + trace, "there is no folder"),
    (["opt", "-o", "file/x.fettle"] + trace, "file/x.fettle"),
    (["opt", "-o", "x.fettle", "--svg", "missing/x.svg"] + trace, "missing/x.svg"),
    (["opt", "-o", "x.fettle", "--dot", "missing/x.dot"] + trace, "missing/x.dot"),
    (["opt", "-o", "x.fettle", "--ledger=missing/x.json"] + trace, "missing/x.json"),
    (["opt", "-o", "x.fettle", "--save-calibration", "missing/c.json"] + trace, "missing/c.json"),
    (["opt", "-o", "x.fettle", "--dump-dir", "file/dumps"] + trace, "a file is in its place"),
    (["compile", "--no-verify", "-o", "file"] + trace, "a file is in its place"),
    (["compile", "--no-verify", "-o", "file/below"] + trace, "a file is in its place"),
    (["export", "-o", "missing/x.onnx"], "there is no folder"),
    (["analyze", "--svg", "missing/x.svg"], "missing/x.svg"),
    (["sensitivity", "--data", "nothing.npz", "--svg", "missing/x.svg"], "missing/x.svg"),
    (["eval", "--data", "nothing.npz", "--save-calibration", "missing/c.json"], "missing/c.json"),
    (["reduce", "--keep", "true", "-o", "missing/x.fettle"], "there is no folder"),
  ]) func isKnownBefore(_ words: [String], _ said: String) throws {
    let outputs = ["missing", "file", "x.fettle"]
    let full = words.map { word in
      if word.hasPrefix("--ledger=") { return "--ledger=" + folder.file(String(word.dropFirst(9))) }
      return outputs.contains { word.hasPrefix($0) } ? folder.file(word) : word
    }
    let result = fettle([full[0], folder.file("net.fettle")] + full.dropFirst())
    #expect(result.status == 1 && result.stderr.contains(said), "\(result.stderr)")
    #expect(!result.stderr.contains("before canonicalize"), "the passes ran: \(result.stderr)")
    #expect(result.stdout.isEmpty, "\(result.stdout)")
    #expect(try Platform.entries(of: folder.path) == ["file", "net.fettle"])
    #expect(try Platform.readText(folder.file("file")) == "kept")
  }

  /// The graph in front of a failing pass lies in the folder of the files, or where that is missing in
  /// the nearest above it.
  @Test(arguments: [("there", "there/net"), ("new", "net"), ("new/deeper", "net")])
  func compileLeavesAReproducer(_ output: String, _ stem: String) throws {
    try Platform.createDirectory(folder.file("there"))
    let pass = "round-weights"
    let result = fettle([
      "compile", folder.file("net.fettle"), "-p", "canonicalize, \(pass)", "-o", folder.file(output), "-q",
    ])
    let kept = folder.file("\(stem)-before-\(pass).fettle")
    #expect(result.status == 1, "\(result.stderr)")
    #expect(result.stderr.contains("\nnote: to see it again: fettle opt \(kept) -p "), "\(result.stderr)")
    #expect(Platform.exists(kept) && !Platform.exists(folder.file("new")))
    let again = fettle(["opt", kept, "-p", pass])
    #expect(again.status == 1 && again.stderr.contains("no weight whose rounding is open"), "\(again)")
  }

  /// The note on the graph is not about the file that is missing.
  @Test func theNoteNamesNoOtherFile() throws {
    let output = folder.file("o.fettle")
    let result = fettle([
      "opt", folder.file("net.fettle"), "-q", "-o", output, "-p",
      "quantize{ranges=batch-norm input-range=[0,1]}, correct-bias{from=batch-norm original=nosuch.fettle}",
    ])
    #expect(result.status == 1, "\(result.stderr)")
    #expect(result.stderr.contains("nosuch.fettle: error: "), "\(result.stderr)")
    #expect(result.stderr.contains("\nnote: to see it again: fettle opt "), "\(result.stderr)")
  }

  @Test func nothingToLowerIsSaid() throws {
    let result = fettle(["opt", folder.file("net.fettle"), "-p", "lower-quantized"])
    #expect(result.status == 0)
    #expect(
      result.stderr.contains("warning: pass 'lower-quantized': does nothing"), "\(result.stderr)")
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Fettle
import GraphIR
import Tensors
import Testing

/// Every case of the op samples, written as ONNX and read back, means what it meant; `fettle run` tells the same of both forms.
@Suite struct ExportTests {
  /// One graph of a sample.
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    var testDescription: String { name }
  }

  static var cases: [Case] {
    get throws {
      let folder = Repository.path("ir-samples/ops")
      return try Platform.entries(of: folder).sorted().flatMap { entry -> [Case] in
        let chunks = try Platform.readText(Paths.join(folder, entry))
          .split(separator: "\n", omittingEmptySubsequences: false)
          .split(separator: "// -----").map { $0.joined(separator: "\n") }
        return chunks.enumerated().compactMap { number, text in
          // Made-up indices of a gather leave the axis: nothing to compare.
          let isGraph =
            text.contains("graph @") && !text.contains("RUN-FAILS") && !text.contains(" = gather ")
          return isGraph && !isBeyondONNX(text)
            ? Case(name: "\(Paths.stem(of: entry)) \(number)", text: text) : nil
        }
      }
    }
  }

  /// Whether a graph computes what ONNX has no operators for.
  private static func isBeyondONNX(_ text: String) -> Bool {
    text.contains("wide=true") && !text.contains(" = reduce ")
  }

  /// What ONNX has no operators for is refused by name.
  @Test(arguments: [
    "%y = conv %x, %w {wide=true} : i64[1,4,1,1]",
    "%y = conv %x, %w : i32[1,4,1,1]",
  ]) func whatONNXHasNotIsRefused(_ line: String) throws {
    let folder = try TemporaryFolder("fettle-export")
    try Platform.writeFile(
      folder.file("a.fettle"),
      "graph @g(%x: i16[1,2,3,3], %w: i8[4,2,3,3]) -> (y: %y) {\n  \(line)\n}\n")
    let target = folder.file("a.onnx")
    #expect(Driver.main(["export", folder.file("a.fettle"), "-q", "-o", target]) == 3)
    #expect(!Platform.exists(target))
  }

  @Test func thereAreCases() throws { #expect(try Self.cases.count > 60) }

  @Test(arguments: try cases) func thereAndBack(_ sample: Case) throws {
    let folder = try TemporaryFolder("fettle-export")
    let (graph, model) = (folder.file("case.fettle"), folder.file("case.onnx"))
    try Platform.writeFile(graph, sample.text)
    #expect(Driver.main(["export", graph, "-q", "-o", model]) == 0)
    let back = folder.file("back.fettle")
    #expect(Driver.main(["import", model, "-q", "-o", back]) == 0)
    let (before, after) = (try GraphFile.read(graph), try GraphFile.read(back))
    #expect(before.inputs.map { before.type(of: $0.value) } == after.inputs.map { after.type(of: $0.value) })
    #expect(before.outputs.map { before.type(of: $0.value) } == after.outputs.map { after.type(of: $0.value) })
    #expect(before.outputs.map(\.name) == after.outputs.map(\.name))
    let words = ["--interpret", "-q", "--tolerance", "1e-6"]
    #expect(Driver.main(["verify", graph, model] + words) == 0)
    #expect(Driver.main(["verify", model, back] + words) == 0)
  }

  @Test func aDifferenceIsFound() throws {
    let folder = try TemporaryFolder("fettle-export")
    for (name, function) in [("a", "relu"), ("b", "abs")] {
      try Platform.writeFile(
        folder.file("\(name).fettle"),
        "graph @g(%x: f32[1,8]) -> (y: %y) {\n  %y = unary %x {function=\(function)} : f32[1,8]\n}\n")
    }
    #expect(
      Driver.main(
        ["verify", folder.file("a.fettle"), folder.file("b.fettle"), "--interpret", "-q"]) == 4)
  }
}

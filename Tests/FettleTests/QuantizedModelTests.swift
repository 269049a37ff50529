// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Tensors
import Testing

/// What commands that write files make of a model that is quantized already.
@Suite struct QuantizedModelTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder("fettle-quantized")
    try Platform.writeFile(
      folder.file("net.fettle"),
      """
      graph @net(%x: f32[1,4]) -> (y: %y) {
        @s = f32[] [0.5]
        @w = i8[4,4] [1 ...]
        %q = quantize %x, @s {to=i8} : i8[1,4]
        %d = dequantize %q, @s : f32[1,4]
        %w = dequantize @w, @s : f32[4,4]
        %p = matmul %d, %w : f32[1,4] loc("fc")
        %r = quantize %p, @s {to=i8} : i8[1,4]
        %y = dequantize %r, @s : f32[1,4]
      }

      """)
    try Platform.writeFile(
      folder.file("float.fettle"),
      """
      graph @net(%x: f32[1,4]) -> (y: %y) {
        @w = f32[4,4] [1 ...]
        %y = matmul %x, @w : f32[1,4] loc("fc")
      }

      """)
  }

  private func fettle(_ words: [String]) -> CommandResult {
    SampleCheck.command(words, Driver.standardToolkit)
  }

  /// The pipeline that the header of the emitted C names.
  private func pipeline(of model: String, _ words: [String]) throws -> String {
    let out = folder.file("out")
    let found = fettle(["compile", folder.file(model), "-o", out, "--no-verify"] + words)
    #expect(found.status == 0, "\(found.stderr)")
    let header = try Platform.readText(Paths.join(out, Paths.stem(of: model) + ".h"))
    return header.split(separator: "\n").first { $0.contains(" Passes: ") }.map(String.init) ?? ""
  }

  @Test func compileMakesIntegers() throws {
    #expect(try pipeline(of: "net.fettle", []).hasSuffix(", canonicalize, lower-quantized{requantize=target}, canonicalize"))
    #expect(try !pipeline(of: "net.fettle", ["--keep-qdq"]).contains("lower-quantized"))
    #expect(try !pipeline(of: "net.fettle", ["-p", "canonicalize"]).contains("fold-batch-norm"))
    #expect(try !pipeline(of: "float.fettle", []).contains("lower-quantized"))
    // A port of integers is no quantized model.
    #expect(try !pipeline(of: "float.fettle", ["--input-type", "u8"]).contains("lower-quantized"))
  }

  @Test func runTellsOfFloats() throws {
    let shape = try #require(Shape([1, 4]))
    let input = folder.file("x.npy")
    try Platform.writeFile(input, NumpyArray.encode(Tensor(TensorType(.f32, shape), rounding: [1, 2, 3, 4])))
    func run(_ model: String, _ words: String...) -> String {
      let found = fettle(["run", folder.file(model), input, "--interpret", "-o", folder.file("out")] + words)
      #expect(found.status == 0, "\(found.stderr)")
      return found.stderr
    }
    let note = "is quantized and computes with floats here"
    #expect(run("net.fettle").contains(note))
    #expect(!run("net.fettle", "-q").contains(note))
    #expect(!run("net.fettle", "-p", "lower-quantized").contains(note))
    #expect(!run("float.fettle").contains(note))
  }
}

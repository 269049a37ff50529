// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import ONNX
import Tensors
import Testing

@Suite struct ModelFileTests {
  @Test func refusesEveryPrefix() {
    let bytes = smallModel().serialized()
    for count in 0..<bytes.count {
      let text = failureText { () throws(Failure) in
        _ = try ModelProto(parsing: bytes[0..<count])
      }
      #expect(text?.hasPrefix("error: not an ONNX model: ") == true, "prefix of \(count) bytes")
    }
  }

  /// Every prefix of a model with everything in it is read or refused, and never traps.
  @Test func survivesEveryPrefixOfEverything() {
    let bytes = fullModel().serialized()
    var refused = 0
    for count in 0..<bytes.count where !parses(bytes[0..<count]) { refused += 1 }
    #expect(refused > bytes.count / 2 && refused < bytes.count)
  }

  @Test func survivesDamage() {
    var random = SeededGenerator(state: 1)
    let whole = fullModel().serialized().withUnsafeBytes { Array($0) }
    var read = 0
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: at)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
        }
      }
      if parses(Bytes(bytes)) { read += 1 }
    }
    #expect(read > 0 && read < 3000)
  }

  @Test func survivesNoise() {
    var random = SeededGenerator(state: 2)
    for _ in 0..<5000 {
      let count = Int.random(in: 1...200, using: &random)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(!parses(Bytes(bytes)))
      // The same as other messages, which hold more kinds of fields.
      _ = try? TensorProto(reading: Bytes(bytes)).decoded()
      _ = try? AttributeProto(reading: Bytes(bytes))
      _ = try? TypeProto(reading: Bytes(bytes))
    }
  }

  /// Whether the bytes are read as a model; if so, its tensors are decoded too, with any outcome.
  private func parses(_ bytes: Bytes) -> Bool {
    guard let model = try? ModelProto(parsing: bytes) else { return false }
    for tensor in model.graph.initializers { _ = try? tensor.decoded() }
    for tensor in model.graph.sparseInitializers { _ = try? tensor.decoded() }
    for attribute in model.graph.nodes.flatMap(\.attributes) {
      if case .tensor(let tensor) = attribute.value { _ = try? tensor.decoded() }
    }
    return true
  }

  @Test(arguments: [
    ("", "the file is empty", ""),
    ("\u{1C}\0\0\0TFL3", "it is a TensorFlow Lite model", "tf2onnx"),
    ("PK\u{3}\u{4}rest", "it is a zip archive: a PyTorch checkpoint", "torch.onnx.export"),
    ("?HDF\r\n\u{1A}\n", "it is an HDF5 file", "Keras"),
    ("\u{7}\0\0\0\0\0\0\0{\"a\":1}", "it is a .safetensors file", "torch.onnx.export"),
    ("version https://git-lfs.github.com/spec/v1\n", "it is a pointer of Git LFS", "git lfs"),
    ("<!DOCTYPE html>", "it is a web page or XML", "download"),
    ("ir_version: 7\ngraph {\n}", "it is an ONNX model as text", "onnx.save"),
    ("{\"ir_version\": 7}", "it is an ONNX model in JSON", "onnx.save"),
    ("{\"a\": 7}", "it is JSON", "export"),
    ("Dear reader", "it is a text file", ".onnx"),
    ("\u{8}\u{7}", "it holds no graph", "truncated"),
    ("\u{8}\u{7}:\0", "it names no operator set", "truncated"),
    ("\n\u{3}", "is cut off", "TensorFlow graph"),
  ])
  func saysWhatTheFileIs(content: String, what: String, note: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("model.onnx")
    try Platform.writeFile(path, content)
    let text = failureText { () throws(Failure) in _ = try ModelProto.load(path) }
    #expect(text?.contains("\(path): error: not an ONNX model: ") == true, "\(text ?? "none")")
    #expect(text?.contains(what) == true, "\(text ?? "none")")
    #expect(text?.contains(note) == true, "\(text ?? "none")")
  }

  @Test func loadsWhatItWrote() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("model.onnx")
    let model = fullModel()
    var outputs = OutputSet()
    outputs.add(path, parts: try model.chunks())
    try outputs.commit()
    #expect(try ModelProto.load(path) == model)
    let missing = failureText { () throws(Failure) in
      _ = try ModelProto.load(folder.file("missing.onnx"))
    }
    #expect(missing?.contains("missing.onnx: error: ") == true)
  }
}

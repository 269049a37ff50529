// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// What a file is that is no ONNX model, as far as its first bytes tell, and what to do with it.
struct FileKind {
  /// As in `a TensorFlow Lite model`.
  let name: String
  let advice: String

  /// The kind of a file that could not be read as an ONNX model.
  init?(_ bytes: Bytes) {
    if let kind = FileKind(signatureOf: bytes) ?? FileKind(textOf: bytes) {
      self = kind
    } else {
      return nil
    }
  }

  private init?(signatureOf bytes: Bytes) {
    if bytes.starts(with: "TFL3", at: 4) {
      name = "a TensorFlow Lite model"
      advice = "convert the model it was made from, or this one: python -m tf2onnx.convert --tflite"
    } else if bytes.starts(with: "PK\u{3}\u{4}") {
      name = "a zip archive: a PyTorch checkpoint, a Keras model or a .npz"
      advice = "load it in the framework it is from and export it: torch.onnx.export, tf2onnx"
    } else if bytes.starts(with: "HDF\r\n\u{1A}\n", at: 1) {
      name = "an HDF5 file: Keras weights or a Keras model"
      advice = "load it in Keras and export it: model.export(path, format=\"onnx\"), tf2onnx"
    } else if bytes.starts(with: "\0\0{\"", at: 6) {
      name = "a .safetensors file, which holds weights but no graph"
      advice = "load the weights into their model and export that: torch.onnx.export"
    } else if bytes.count > 1, bytes[0] == 0x80, (2...5).contains(bytes[1]) {
      name = "a Python pickle: an old PyTorch checkpoint"
      advice = "load it in PyTorch and export it: torch.onnx.export"
    } else {
      return nil
    }
  }

  private init?(textOf bytes: Bytes) {
    let start = bytes[0..<min(bytes.count, 512)]
    let isText = start.withUnsafeBytes { source in
      source.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (9...13).contains($0) }
    }
    guard isText, bytes.count > 0 else { return nil }
    let text = start.repairedText
    let first = text.first { !$0.isWhitespace }
    if text.hasPrefix("version https://git-lfs") {
      name = "a pointer of Git LFS"
      advice = "fetch the file itself: git lfs pull"
    } else if first == "<" {
      name = "a web page or XML"
      advice = "a download may have failed; fetch the file itself"
    } else if text.contains("ir_version") || text.contains("opset_import") {
      name = first == "{" ? "an ONNX model in JSON" : "an ONNX model as text"
      advice = "write it in the binary form: onnx.save(onnx.load(path, format=…), \"model.onnx\")"
    } else if first == "{" || first == "[" {
      name = "JSON"
      advice = "export the model to ONNX in the framework it is from"
    } else {
      name = "a text file"
      advice = "give the .onnx file of the model"
    }
  }
}

extension Bytes {
  /// Whether the characters, all of one byte, stand at an offset.
  fileprivate func starts(with text: String, at offset: Int = 0) -> Bool {
    let end = offset + text.utf8.count
    return count >= end && self[offset..<end].withUnsafeBytes { $0.elementsEqual(text.utf8) }
  }
}

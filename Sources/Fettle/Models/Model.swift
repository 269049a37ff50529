// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import ONNX

/// A model read from a file.
struct Model {
  /// The file as the user named it.
  let path: String
  var graph: Graph
  /// The SHA-256 of the file, for the head of emitted files.
  let digest: String

  /// Reads an ONNX model or a `.fettle` graph; which it is, its ending says.
  static func load(
    _ path: String, _ arguments: Arguments, _ session: Session
  ) throws(Failure) -> Model {
    // Once: the standard input cannot be read again.
    let bytes = try Platform.mapFile(path)
    if path != "-" ? isText(path) : isStreamOfText(bytes) {
      let options = [ModelOptions.inputs, ModelOptions.outputs]
      for option in options where try arguments[option] != nil {
        throw Failure(
          "option '\(option.names[0])' cuts ONNX models; '\(path)' is a graph already", kind: .usage)
      }
      let graph = try GraphFile.read(
        path, bytes, ops: session.toolkit.ops, checkDigests: true)
      return Model(path: path, graph: graph, digest: fileDigest(bytes))
    }
    let options = try ModelOptions.importOptions(arguments)
    let (graph, warnings) = try ONNXImporter.graph(
      from: try ModelProto.load(path, bytes), file: path, options: options)
    session.warn(warnings)
    return Model(path: path, graph: graph, digest: fileDigest(bytes))
  }

  /// Whether a path names a graph in text form.
  static func isText(_ path: String) -> Bool { path.hasSuffix(".fettle") }

  /// The name that emitted files get if the user names none.
  var name: String { Paths.stem(of: path) }

  /// Whether the standard input holds a graph's text: no ONNX model starts with 'graph' or a comment, as those bytes are no fields.
  private static func isStreamOfText(_ bytes: Bytes) -> Bool {
    var start = 0
    while start < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[start]) { start += 1 }
    guard start < bytes.count else { return false }
    return bytes[start] == UInt8(ascii: "/") || bytes[start] == UInt8(ascii: "g")
  }

  /// The digest of a file's bytes, a piece at a time, so that the file as a whole never is in memory.
  private static func fileDigest(_ bytes: Bytes) -> String {
    var digest = Digest.Stream()
    var start = 0
    while start < bytes.count {
      let piece = bytes[start..<min(start + 1 << 23, bytes.count)]
      digest.update(piece)
      piece.release()
      start += piece.count
    }
    return digest.finish().hex
  }
}

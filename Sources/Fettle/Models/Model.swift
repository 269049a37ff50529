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
    if isText(path) {
      let options = [ModelOptions.inputs, ModelOptions.outputs]
      for option in options where try arguments[option] != nil {
        throw Failure(
          "option '\(option.names[0])' cuts ONNX models; '\(path)' is a graph already", kind: .usage)
      }
      let graph = try GraphFile.read(path, ops: session.toolkit.ops)
      return Model(path: path, graph: graph, digest: try fileDigest(path))
    }
    let options = try ModelOptions.importOptions(arguments)
    let (graph, warnings) = try ONNXImporter.graph(
      from: try ModelProto.load(path), file: path, options: options)
    session.warn(warnings)
    return Model(path: path, graph: graph, digest: try fileDigest(path))
  }

  /// Whether a path names a graph in text form.
  static func isText(_ path: String) -> Bool { path.hasSuffix(".fettle") }

  /// The name that emitted files get if the user names none.
  var name: String { Paths.stem(of: path) }

  private static func fileDigest(_ path: String) throws(Failure) -> String {
    Digest(of: try Platform.mapFile(path)).hex
  }
}

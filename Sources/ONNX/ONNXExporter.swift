// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
import Tensors

/// The way from a graph to ONNX.
public enum ONNXExporter {
  /// The version of the standard operators that is written.
  public static let opset: Int64 = 21
  /// The version of the file format that is written.
  public static let irVersion: Int64 = 10

  /// The graph as a model that computes the same. Constants are views of the graph's.
  ///
  /// - Throws: a failure of kind `unsupported` that names all ops without a counterpart in ONNX.
  public static func model(from graph: Graph) throws(Failure) -> ModelProto {
    let session = try ExportSession(graph)
    var model = ModelProto()
    model.irVersion = irVersion
    model.opsetImports = [OperatorSetIdProto(version: opset)]
    model.producerName = "fettle"
    model.graph = try session.run()
    return model
  }
}

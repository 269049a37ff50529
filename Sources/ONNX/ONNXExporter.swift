// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
import Tensors

/// The way from a graph to ONNX.
public enum ONNXExporter {
  /// The versions of the standard operators that are written: the first wherever it says all, as runtimes know it better. (onnxruntime
  /// 1.31 refuses sound int8 models of version 21: it moves their QuantizeLinear and loses the zero point's type.)
  public static let opsets: (usual: Int64, newTypes: Int64) = (20, 21)
  /// The version of the file format that is written.
  public static let irVersion: Int64 = 10

  /// The graph as a model that computes the same. Constants are views of the graph's.
  ///
  /// - Throws: a failure of kind `unsupported` that names all ops without a counterpart in ONNX.
  public static func model(from graph: Graph) throws(Failure) -> ModelProto {
    let session = try ExportSession(graph)
    var model = ModelProto()
    model.irVersion = irVersion
    model.opsetImports = [OperatorSetIdProto(version: opset(for: graph))]
    model.producerName = "fettle"
    model.graph = try session.run()
    return model
  }

  /// Version 21 brought elements of less than a byte, quantization to 16 bits, and scales for blocks.
  private static func opset(for graph: Graph) -> Int64 {
    func isNew(_ value: ValueID) -> Bool { graph.type(of: value).element.bitCount < 8 }
    func isWide(_ value: ValueID?) -> Bool { value.map { graph.type(of: $0).element.bitCount == 16 } ?? false }
    let needsNew = graph.opIDs.contains { op in
      let values = graph.operands(of: op).compactMap { $0 } + graph.results(of: op)
      if values.contains(where: isNew) { return true }
      if let quantize = graph.op(op, as: Quantize.self) {
        return quantize.block > 0 || isWide(graph.result(quantize))
      }
      if let dequantize = graph.op(op, as: Dequantize.self) {
        return dequantize.block > 0 || isWide(graph.operand(dequantize, .input))
      }
      return graph.op(op, as: Requantize.self).map { isWide(graph.result($0)) } ?? false
    }
    return needsNew ? opsets.newTypes : opsets.usual
  }
}

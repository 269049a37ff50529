// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

extension Pool: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    var attributes = try attributes(op)
    if kind == .average { attributes.append(AttributeProto("count_include_pad", countPadding)) }
    op.finish(kind == .max ? "MaxPool" : "AveragePool", op.operands, attributes)
  }

  /// The geometry. Versions of ONNX disagree on a last window that starts in the padding behind
  /// the input, so
  /// that a ceiling is written only where it adds a window.
  fileprivate func attributes(_ op: ExportContext) throws(Failure) -> [AttributeProto] {
    var floored = self
    floored.ceil = false
    let input = try op.type(0)
    let plain = try? floored.resultTypes(of: OperandTypes<Pool>([input]))
    let adds = ceil && plain?.first?.shape != op.resultTypes[0].shape
    return windowAttributes(kernel: window, strides, padding, dilations)
      + [AttributeProto("ceil_mode", adds)]
  }
}

extension MaxPoolIndices: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    op.add(
      "MaxPool", op.operands, results: [op.spare(), op.results[0]],
      try pool.attributes(op) + [AttributeProto("storage_order", columnMajor)])
  }
}

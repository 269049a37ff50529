// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR

extension Pool: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    var attributes = poolAttributes
    if kind == .average { attributes.append(AttributeProto("count_include_pad", countPadding)) }
    op.finish(kind == .max ? "MaxPool" : "AveragePool", op.operands, attributes)
  }

  fileprivate var poolAttributes: [AttributeProto] {
    windowAttributes(kernel: window, strides, padding, dilations)
      + [AttributeProto("ceil_mode", ceil)]
  }
}

extension MaxPoolIndices: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    op.add(
      "MaxPool", op.operands, results: [op.spare(), op.results[0]],
      pool.poolAttributes + [AttributeProto("storage_order", columnMajor)])
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

extension Pool: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    if kind == .sum { return try exportSum(op) }
    if kind == .max { return try exportMax(op) }
    let count = AttributeProto("count_include_pad", countPadding)
    op.finish("AveragePool", op.operands, try attributes(op) + [count])
  }

  private func exportMax(_ op: ExportContext) throws(Failure) {
    let (x, isCast) = try comparable(op)
    guard isCast else { return op.finish("MaxPool", [x], try attributes(op)) }
    let most = op.add("MaxPool", [x], try attributes(op))
    op.finish("Cast", [most], [try op.castAttribute(op.resultTypes[0].element)])
  }

  /// The input in a type that MaxPool takes and that holds all of its numbers: MaxPool has none of
  /// the integers but those of 8 bits.
  fileprivate func comparable(
    _ op: ExportContext
  ) throws(Failure) -> (name: String, isCast: Bool) {
    let element = try op.type(0).element
    let wider: ElementType
    switch element.bitCount {
    case _ where element.isFloat, 8: return (op.operand(0), false)
    case ..<8: wider = element.kind == .unsigned ? .u8 : .i8
    case 16: wider = .f32
    case 32: wider = .f64
    default:
      throw op.unsupported("ONNX has no maxima over windows of \(element.rawValue)")
    }
    return (try op.cast(op.operand(0), to: wider), true)
  }

  /// A convolution of each channel with ones; a ceiling as padding behind the input.
  private func exportSum(_ op: ExportContext) throws(Failure) {
    let input = try op.type(0)
    let x = input.element.isFloat
      ? op.operand(0) : try bytes(op, 0, "sums windows of floats and")
    let rank = window.count
    guard let geometry = try? geometry(spatialRank: rank),
      let shape = Shape([input.shape[1], 1] + window)
    else { throw op.unsupported("the window is too large") }
    let after = (0..<rank).map { axis in
      let reach = (op.resultTypes[0].shape[axis + 2] - 1) * geometry.strides[axis]
        + geometry.span(axis)
      return max(reach - input.shape[axis + 2] - geometry.before[axis], 0)
    }
    let ones = TensorType(input.element.isFloat ? input.element : .i8, shape)
    let attributes =
      windowAttributes(kernel: window, strides, geometry.before + after, dilations)
      + [AttributeProto("group", input.shape[1])]
    op.finish(
      input.element.isFloat ? "Conv" : "ConvInteger", [x, try op.filled(1, ones)],
      attributes)
  }

  /// The geometry. Versions of ONNX disagree on a last window that starts in the padding behind
  /// the input, so that a ceiling is written only where it adds a window.
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
      "MaxPool", [try pool.comparable(op).name], results: [op.spare(), op.results[0]],
      try pool.attributes(op) + [AttributeProto("storage_order", columnMajor)])
  }
}

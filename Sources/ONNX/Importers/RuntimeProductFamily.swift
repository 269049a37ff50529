// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The quantised products of onnxruntime (domain com.microsoft): products of integers, brought back to
/// integers or to floats.
enum RuntimeProductFamily: OperatorFamily {
  static let importers = [
    RuntimeQuantizationFamily.runtime("QGemm", read: gemm),
    RuntimeQuantizationFamily.runtime("QLinearConv", read: convolution),
    RuntimeQuantizationFamily.runtime("MatMulIntegerToFloat") { (node) throws(Failure) in
      let a = Quantized(
        value: try node.input(0), scale: try node.scale(2, of: .tensor),
        zeroPoint: try node.zeroPointIfPresent(4, of: .tensor))
      return [try floats(node, a, try Quantized(node, columns: 1, scale: 3, zeroPoint: 5), bias: 6)]
    },
    RuntimeQuantizationFamily.runtime("DynamicQuantizeMatMul") { (node) throws(Failure) in
      let (value, scale, zero) = try QuantizationFamily.dynamic(node, of: try node.input(0))
      let a = Quantized(value: value, scale: scale, zeroPoint: zero)
      return [try floats(node, a, try Quantized(node, columns: 1, scale: 2, zeroPoint: 3), bias: 4)]
    },
  ]

  private struct Quantized {
    let value: ValueID
    let scale: ValueID
    let zeroPoint: ValueID?

    init(value: ValueID, scale: ValueID, zeroPoint: ValueID?) {
      (self.value, self.scale, self.zeroPoint) = (value, scale, zeroPoint)
    }

    /// The second operand of a product; the numbers are the places of operands.
    init(
      _ node: NodeContext, columns value: Int, scale: Int, zeroPoint: Int
    ) throws(Failure) {
      self.value = try node.input(value)
      let column = IntegerProductFamily.column(node, self.value)
      self.scale = try node.scale(scale, of: column)
      self.zeroPoint = try node.zeroPointIfPresent(zeroPoint, of: column)
    }
  }

  /// The bias has the step alpha · a · b; without a scale of the result, that is of floats.
  @Sendable static func gemm(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let a = try node.input(0)
    let b = try node.input(3)
    guard node.rank(a) == 2, node.rank(b) == 2 else {
      throw node.failure("operands \(node.type(a)) and \(node.type(b)) are no matrices")
    }
    let op = MatrixMultiply(
      transposeLHS: try node.flag("transA"), transposeRHS: try node.flag("transB"))
    let columns = node.extents(b)[op.transposeRHS ? 0 : 1]
    let c = node.optional(6)
    let isRow = c.map { [[columns], [1, columns]].contains(node.extents($0)) } ?? false
    let bias = try isRow ? c.map { (c) throws(Failure) in try node.reshape(c, [columns]) } : nil
    var sum = try node.insert(
      op, a, b, bias, try node.zeroPoint(2, of: .tensor), try node.zeroPoint(5, of: .column))
    if let c, !isRow {
      let extents = node.extents(sum)
      sum = try node.binary(.add, sum, c)
      guard node.extents(sum) == extents else {
        throw node.failure("C \(node.type(c)) does not broadcast to \(extents.text)")
      }
    }
    let isFloat = node.optional(7) == nil
    if isFloat, node.optional(8) != nil { throw node.failure("a zero point without a scale") }
    let scale = try IntegerProductFamily.sumScale(
      node, try node.scale(1, of: .tensor), try node.scale(4, of: .column),
      over: isFloat ? nil : try node.scale(7, of: .tensor, divides: true),
      alpha: try node.float("alpha", default: 1))
    if isFloat { return [try dequantized(node, sum, scale)] }
    return [
      try IntegerProductFamily.requantized(node, sum, scale, zeroPoint: 8, axis: 1)
    ]
  }

  @Sendable static func convolution(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    [
      try node.channelsFirst(try node.input(0)) { (x) throws(Failure) in
        try IntegerProductFamily.quantizedConvolution(node, x)
      }
    ]
  }

  private static func floats(
    _ node: NodeContext, _ a: Quantized, _ b: Quantized, bias: Int
  ) throws(Failure) -> ValueID {
    let sum = try node.insert(
      MatrixMultiply(), a.value, b.value, nil, a.zeroPoint, b.zeroPoint)
    let y = try dequantized(
      node, sum, try IntegerProductFamily.sumScale(node, a.scale, b.scale))
    guard let bias = node.optional(bias) else { return y }
    return try node.binary(.add, y, bias)
  }

  /// Sums as floats; the scale is one, or one for each position of the last axis.
  private static func dequantized(
    _ node: NodeContext, _ sum: ValueID, _ scale: ValueID
  ) throws(Failure) -> ValueID {
    var op = Dequantize()
    op.axis = max(0, node.rank(sum) - 1)
    return try node.insert(
      op, sum, node.extents(scale) == [1] ? try node.reshape(scale, []) : scale)
  }
}

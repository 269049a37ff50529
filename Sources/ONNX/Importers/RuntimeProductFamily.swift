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
        value: try node.input(0), scale: try node.scale(2), zeroPoint: node.optional(4))
      let b = Quantized(
        value: try node.input(1), scale: try node.scale(3), zeroPoint: node.optional(5))
      return [try floats(node, a, b, bias: 6)]
    },
    RuntimeQuantizationFamily.runtime("DynamicQuantizeMatMul") { (node) throws(Failure) in
      let (value, scale, zero) = try QuantizationFamily.dynamic(node, of: try node.input(0))
      let b = Quantized(
        value: try node.input(1), scale: try node.scale(2), zeroPoint: node.optional(3))
      return [
        try floats(node, Quantized(value: value, scale: scale, zeroPoint: zero), b, bias: 4)
      ]
    },
  ]

  private struct Quantized {
    let value: ValueID
    let scale: ValueID
    let zeroPoint: ValueID?
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
      op, a, b, bias, try IntegerProductFamily.zero(node, try node.input(2)),
      try IntegerProductFamily.zero(node, try node.input(5)))
    if let c, !isRow {
      let extents = node.extents(sum)
      sum = try node.binary(.add, sum, c)
      guard node.extents(sum) == extents else {
        throw node.failure("C \(node.type(c)) does not broadcast to \(extents.text)")
      }
    }
    let alpha = try node.float("alpha", default: 1)
    guard node.optional(7) != nil else {
      guard node.optional(8) == nil else { throw node.failure("a zero point without a scale") }
      let factor = try IntegerProductFamily.factor(
        node, try node.scale(1), try node.scale(4), nil, alpha: alpha)
      return [try dequantized(node, sum, factor)]
    }
    let factor = try IntegerProductFamily.factor(
      node, try node.scale(1), try node.scale(4), try node.scale(7, divides: true), alpha: alpha)
    return [
      try IntegerProductFamily.requantized(
        node, sum, factor, zeroPoint: try node.input(8), axis: 1)
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
      MatrixMultiply(), a.value, b.value, nil, try IntegerProductFamily.zero(node, a.zeroPoint),
      try IntegerProductFamily.zero(node, b.zeroPoint))
    let y = try dequantized(
      node, sum, try IntegerProductFamily.factor(node, a.scale, b.scale, nil))
    guard let bias = node.optional(bias) else { return y }
    return try node.binary(.add, y, bias)
  }

  /// Sums as floats; the factor is one, or one for each position of the last axis.
  private static func dequantized(
    _ node: NodeContext, _ sum: ValueID, _ factor: ValueID
  ) throws(Failure) -> ValueID {
    var op = Dequantize()
    op.axis = max(0, node.rank(sum) - 1)
    let isOne = node.type(factor).shape.elementCount == 1
    return try node.insert(
      op, sum, isOne ? try node.reshape(factor, []) : try IntegerProductFamily.vector(node, factor))
  }
}

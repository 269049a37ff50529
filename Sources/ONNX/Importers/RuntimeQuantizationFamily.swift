// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The quantised operators of onnxruntime (domain com.microsoft), as its quantiser writes them in
/// QOperator
/// form: the operator on dequantised values, quantised again.
enum RuntimeQuantizationFamily: OperatorFamily {
  private static let domain = "com.microsoft"

  static let importers = [
    entry("QLinearAdd") { (node) throws(Failure) in try binary(.add, node) },
    entry("QLinearMul") { (node) throws(Failure) in try binary(.mul, node) },
    entry("QLinearSigmoid") { (node) throws(Failure) in
      try pointwise(node) { (x) throws(Failure) in try node.unary(.sigmoid, x) }
    },
    entry("QLinearLeakyRelu") { (node) throws(Failure) in
      let alpha = try node.float("alpha", default: 0.01)
      return try pointwise(node) { (x) throws(Failure) in
        try node.unary(.leakyRelu, x, alpha: alpha)
      }
    },
    entry("QLinearSoftmax", read: softmax),
    entry("QLinearGlobalAveragePool", read: globalAverage),
    entry("QLinearAveragePool", "channels first", read: average),
    entry("QLinearConcat", read: concat),
    entry("QGemm", "a quantised result, alpha 1", read: gemm),
  ]

  private static func entry(
    _ name: String, _ coverage: String = "", read: @escaping OperatorImporter.Read
  ) -> OperatorImporter {
    OperatorImporter(name, since: 1, until: 1, domain: domain, coverage, read: read)
  }

  /// The values that three operands (data, scale, zero point) stand for.
  private static func dequantized(_ node: NodeContext, at index: Int) throws(Failure) -> ValueID {
    let scale = try node.reshape(try node.input(index + 1), [])
    let zero = try node.optional(index + 2).map { (v) throws(Failure) in try node.reshape(v, []) }
    return try node.insert(Dequantize(), try node.input(index), scale, zero)
  }

  /// A value quantised by a scale and a zero point; without one in the type of the data.
  private static func quantized(
    _ node: NodeContext, _ y: ValueID, scale: ValueID, zeroPoint: ValueID?, like data: ValueID
  ) throws(Failure) -> ValueID {
    var op = Quantize()
    op.to = node.type(zeroPoint ?? data).element
    let zero = try zeroPoint.map { (v) throws(Failure) in try node.reshape(v, []) }
    return try node.insert(op, y, try node.reshape(scale, []), zero)
  }

  private static func binary(
    _ function: BinaryFunction, _ node: NodeContext
  ) throws(Failure) -> [ValueID?] {
    let a = try dequantized(node, at: 0)
    let b = try dequantized(node, at: 3)
    let y = try node.binary(function, a, b)
    return [
      try quantized(
        node, y, scale: try node.input(6), zeroPoint: node.optional(7), like: try node.input(0))
    ]
  }

  private static func pointwise(
    _ node: NodeContext, _ function: (ValueID) throws(Failure) -> ValueID
  ) throws(Failure) -> [ValueID?] {
    let y = try function(try dequantized(node, at: 0))
    return [
      try quantized(
        node, y, scale: try node.input(3), zeroPoint: node.optional(4), like: try node.input(0))
    ]
  }

  @Sendable static func softmax(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try dequantized(node, at: 0)
    let rank = node.rank(x)
    let axis = try node.axis(try node.int("axis", default: -1), rank: rank)
    guard try node.int("opset", default: 13) >= 13 || axis == rank - 1 else {
      throw node.unsupported("softmax over several axes", "softmax over the last axis is supported")
    }
    return try pointwise(node) { (x) throws(Failure) in try node.insert(Softmax(axis: axis), x) }
  }

  @Sendable static func globalAverage(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let rank = node.rank(try node.input(0))
    guard rank >= 3 else { throw node.failure("the input has \(rank) axes") }
    let isLast = try node.flag("channels_last")
    let axes = isLast ? Array(1..<rank - 1) : Array(2..<rank)
    return try pointwise(node) { (x) throws(Failure) in try node.reduce(.mean, x, axes: axes) }
  }

  @Sendable static func average(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    guard try !node.flag("channels_last") else {
      throw node.unsupported("channels_last", "channels first is supported")
    }
    return try pointwise(node) { (x) throws(Failure) in
      try PoolFamily.average(node, of: x)
    }
  }

  /// The scale and zero point of the result, then data, scale and zero point of each operand.
  @Sendable static func concat(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    guard node.operandCount >= 5, (node.operandCount - 2) % 3 == 0 else {
      throw node.failure("\(node.operandCount) operands")
    }
    var parts: [ValueID] = []
    for index in stride(from: 2, to: node.operandCount, by: 3) {
      parts.append(try dequantized(node, at: index))
    }
    guard let number = try node.int("axis") else { throw node.failure("axis is missing") }
    let axis = try node.axis(number, rank: node.rank(parts[0]))
    let y = try node.insert(Concat(axis: axis), all: parts)
    return [
      try quantized(
        node, y, scale: try node.input(0), zeroPoint: node.optional(1), like: try node.input(2))
    ]
  }

  @Sendable static func gemm(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    guard try node.float("alpha", default: 1) == 1 else {
      throw node.unsupported("alpha is not 1", "alpha 1 is supported")
    }
    guard let outputScale = node.optional(7), let outputZero = node.optional(8) else {
      throw node.unsupported("a result in f32", "a quantised result is supported")
    }
    let op = MatrixMultiply(
      transposeLHS: try node.flag("transA"), transposeRHS: try node.flag("transB"))
    let b = try node.input(3)
    guard node.rank(b) == 2 else { throw node.failure("B is \(node.type(b))") }
    let columns = node.extents(b)[op.transposeRHS ? 0 : 1]
    let bias = try node.optional(6).map { (c) throws(Failure) in try node.reshape(c, [columns]) }
    let sum = try node.insert(
      op, try node.input(0), b, bias,
      try IntegerProductFamily.zero(node, try node.input(2)),
      try IntegerProductFamily.zero(node, try node.input(5)))
    let factor = try IntegerProductFamily.scale(
      node, try node.input(1), try node.input(4), outputScale)
    return [
      try IntegerProductFamily.requantized(
        node, sum, factor, zeroPoint: outputZero, axis: 1)
    ]
  }
}

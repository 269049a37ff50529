// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The quantised elementwise operators of onnxruntime (domain com.microsoft), as its quantiser writes
/// them in QOperator form: the operator on dequantised values, quantised again.
enum RuntimeQuantizationFamily: OperatorFamily {
  static let importers = [
    runtime("QLinearAdd") { (node) throws(Failure) in try binary(.add, node) },
    runtime("QLinearMul") { (node) throws(Failure) in try binary(.mul, node) },
    runtime("QLinearSigmoid") { (node) throws(Failure) in
      try pointwise(node) { (x) throws(Failure) in try node.unary(.sigmoid, x) }
    },
    runtime("QLinearLeakyRelu") { (node) throws(Failure) in
      let alpha = try node.float("alpha", default: 0.01)
      return try pointwise(node) { (x) throws(Failure) in
        try node.unary(.leakyRelu, x, alpha: alpha)
      }
    },
    runtime("QLinearSoftmax", read: softmax),
    runtime("QLinearConcat", read: concat),
    runtime("QLinearWhere", read: select),
    runtime(
      "QuantizeLinear", QuantizationFamily.quantizeCoverage, read: QuantizationFamily.quantize),
    runtime(
      "DequantizeLinear", QuantizationFamily.dequantizeCoverage,
      read: QuantizationFamily.dequantize),
  ]

  /// An operator of onnxruntime's own.
  static func runtime(
    _ name: String, _ coverage: String = "", read: @escaping OperatorImporter.Read
  ) -> OperatorImporter {
    OperatorImporter(name, since: 1, until: 1, domain: "com.microsoft", coverage, read: read)
  }

  /// A function of the first operand, quantised by operands 3 and 4.
  static func pointwise(
    _ node: NodeContext, _ function: (ValueID) throws(Failure) -> ValueID
  ) throws(Failure) -> [ValueID?] {
    [try node.quantized(try function(try node.dequantized(0)), 3, like: 0)]
  }

  private static func binary(
    _ function: BinaryFunction, _ node: NodeContext
  ) throws(Failure) -> [ValueID?] {
    let y = try node.binary(function, try node.dequantized(0), try node.dequantized(3))
    return [try node.quantized(y, 6, like: 0)]
  }

  /// `opset` tells whether the softmax is that of one axis or of all from the axis on. An axis that
  /// is left out is the last in either case.
  @Sendable static func softmax(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let opset = try node.int("opset", default: 13)
    return try pointwise(node) { (x) throws(Failure) in
      try SoftmaxFamily.softmax(node, of: x, opset: opset, defaultAxis: -1)
    }
  }

  /// The scale and zero point of the result, then data, scale and zero point of each operand.
  @Sendable static func concat(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    guard node.operandCount >= 5, (node.operandCount - 2) % 3 == 0 else {
      throw node.failure("\(node.operandCount) operands")
    }
    var parts: [ValueID] = []
    for index in stride(from: 2, to: node.operandCount, by: 3) {
      parts.append(try node.dequantized(index))
    }
    guard let number = try node.int("axis") else { throw node.failure("axis is missing") }
    let axis = try node.axis(number, rank: node.rank(parts[0]))
    return [try node.quantized(try node.insert(Concat(axis: axis), all: parts), 0, like: 2)]
  }

  /// A condition, then two quantised operands.
  @Sendable static func select(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let y = try node.insert(
      Select(), try node.input(0), try node.dequantized(1), try node.dequantized(4))
    return [try node.quantized(y, 7, like: 1)]
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Sums with per-channel constants become the bias of the layer in front of them.
///
///     %p = matmul %x, @w
///     %y = binary %p, @c {function=add}      →     %y = matmul %x, @w, @c
enum BiasRewrites {
  static let all = [
    Rewrite("sum-into-bias", absorbSum), Rewrite("dequantized-into-bias", absorbDequantized),
  ]

  private static func absorbSum(_ op: OpRef<Binary>, _ rw: inout Rewriter) throws(Declined) {
    try rw.require(op.function == .add || op.function == .sub, "the op is not a sum")
    let lhs = try rw.operand(op, .lhs)
    let isLeft = rw.graph.tensor(lhs) == nil
    try rw.require(isLeft || op.function == .add, "the layer's result is subtracted")
    let layer = try LinearLayer(making: isLeft ? lhs : try rw.operand(op, .rhs), rw)
    try layer.requireAlone(rw)
    let (affine, _) = try ChannelAffine.reading(op, channelAxis: layer.channelAxis, rw)
    try layer.absorb(after: affine, replacing: op.id, &rw)
  }

  /// A dequantized constant vector stays what it is: integer layers take its integers.
  ///
  ///     %p = matmul %x, %w
  ///     %b = dequantize @q, @s                 →     %b = dequantize @q, @s
  ///     %y = binary %p, %b {function=add}            %y = matmul %x, %w, %b
  private static func absorbDequantized(
    _ op: OpRef<Binary>, _ rw: inout Rewriter
  ) throws(Declined) {
    try rw.require(op.function == .add, "the op is no addition")
    let operands = [try rw.operand(op, .lhs), try rw.operand(op, .rhs)]
    let isLeft = rw.graph.producer(of: operands[0]).map {
      rw.graph.op($0, as: MatrixMultiply.self) != nil
    } ?? false
    let (product, bias) = isLeft ? (operands[0], operands[1]) : (operands[1], operands[0])
    let layer = try rw.producer(of: product, as: MatrixMultiply.self)
    let scaled = try rw.producer(of: bias, as: Dequantize.self)
    _ = try rw.constant(scaled, .input)
    try rw.requireSingleUse(product)
    let shape = rw.graph.type(of: product).shape
    try rw.require(rw.graph.operand(layer, .bias) == nil, "the layer has a bias")
    try rw.require(
      shape.rank >= 2 && rw.graph.type(of: bias).shape.extents == [shape[shape.rank - 1]],
      "the constant is no vector over the columns")
    let location = rw.graph.location(of: layer.id).joined(with: rw.graph.location(of: op.id))
    try rw.substitute(
      op.id, by: layer.attributes,
      [try rw.operand(layer, .lhs), try rw.operand(layer, .rhs), bias], location: location)
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Sums with per-channel constants become the bias of the layer in front of them.
///
///     %p = matmul %x, @w
///     %y = binary %p, @c {function=add}      →     %y = matmul %x, @w, @c
enum BiasRewrites {
  static let all = [Rewrite("sum-into-bias", absorbSum)]

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
}

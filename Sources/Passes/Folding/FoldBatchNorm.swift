// SPDX-License-Identifier: Apache-2.0
import GraphIR
public import Rewriting
import Tensors

/// Folds batch normalisations, and the products and sums with per-channel constants that some
/// exporters write instead, into the convolution, transposed convolution or matrix product in front
/// of them, else behind them.
///
///     %c = conv %x, @w, @b
///     %y = batch_norm %c, …              →     %y = conv %x, @w', @b'
///
/// The result keeps the mean and deviation of its channels over the training data (β and |γ|) as an
/// annotation.
public struct FoldBatchNorm: RewritePass {
  public static let name = "fold-batch-norm"
  public static let summary =
    "folds batch_norm and per-channel scales and shifts into the layers beside them"
  public static let effect = NumericEffect.reassociates
  public static let removes: [PassRequirement] = [.unfoldedNorms]

  public init() {}

  public var requires: [PassRequirement] { [.unquantizedLayers] }

  public var rewrites: [Rewrite] {
    [
      Rewrite("norm-into-layer-in-front", Self.normBehind),
      Rewrite("norm-into-layer-behind", Self.normInFront),
      Rewrite("scale-into-layer-in-front", Self.scaleBehind),
      Rewrite("scale-into-layer-behind", Self.scaleInFront),
    ]
  }

  private static func normBehind(_ norm: OpRef<BatchNorm>, _ rw: inout Rewriter) throws(Declined) {
    let layer = try LinearLayer(making: try rw.operand(norm, .input), rw)
    try layer.requireAlone(rw)
    try rw.require(layer.channelAxis == 1, "the layer's channels are not those of batch_norm")
    let affine = try ChannelAffine(norm, rw)
    let statistics = ChannelStatistics(
      mean: try rw.constant(norm, .shift).doubles().map { Float($0) },
      deviation: try rw.constant(norm, .scale).doubles().map { Float(abs($0)) })
    try layer.absorb(after: affine, replacing: norm.id, statistics: statistics, &rw)
  }

  private static func normInFront(_ norm: OpRef<BatchNorm>, _ rw: inout Rewriter) throws(Declined) {
    let layer = try reader(of: rw.graph.result(norm), rw)
    try rw.require(
      layer.inputChannelAxis == 1, "the layer does not sum over the channels of batch_norm")
    let affine = try ChannelAffine(norm, rw)
    try layer.absorb(before: affine, input: try rw.operand(norm, .input), &rw)
  }

  private static func scaleBehind(_ op: OpRef<Binary>, _ rw: inout Rewriter) throws(Declined) {
    let result = rw.graph.type(of: rw.graph.result(op)).shape
    let layer = try LinearLayer(making: try computedOperand(op, rw), rw)
    try layer.requireAlone(rw)
    try rw.require(layer.channelAxis < result.rank, "the layer has no channels")
    let (affine, _) = try ChannelAffine.reading(op, channelAxis: layer.channelAxis, rw)
    try layer.absorb(after: affine, replacing: op.id, &rw)
  }

  private static func scaleInFront(_ op: OpRef<Binary>, _ rw: inout Rewriter) throws(Declined) {
    let layer = try reader(of: rw.graph.result(op), rw)
    let (affine, input) = try ChannelAffine.reading(
      op, channelAxis: layer.inputChannelAxis, rw)
    try layer.absorb(before: affine, input: input, &rw)
  }

  /// The operand that is not a constant.
  private static func computedOperand(
    _ op: OpRef<Binary>, _ rw: borrowing Rewriter
  ) throws(Declined) -> ValueID {
    let lhs = try rw.operand(op, .lhs)
    return rw.graph.tensor(lhs) == nil ? lhs : try rw.operand(op, .rhs)
  }

  /// The layer that alone reads a value, as its input.
  private static func reader(
    of value: ValueID, _ rw: borrowing Rewriter
  ) throws(Declined) -> LinearLayer {
    try rw.requireSingleUse(value)
    let use = rw.graph.uses(of: value)[0]
    try rw.require(use.slot == 0, "the value is not a layer's input")
    return try LinearLayer(use.user, rw)
  }
}

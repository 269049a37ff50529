// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// x · scale[c] + shift[c] for each channel c, in double, so that what is folded is rounded once.
struct ChannelAffine {
  var scale: [Double]
  var shift: [Double]

  /// The same scale and shift for `count` channels.
  init(uniform scale: Double, _ shift: Double, count: Int) {
    self.scale = Array(repeating: scale, count: count)
    self.shift = Array(repeating: shift, count: count)
  }

  /// What a batch normalisation with constant statistics does.
  init(_ norm: OpRef<BatchNorm>, _ rw: borrowing Rewriter) throws(Declined) {
    let factor = try rw.constant(norm, .scale).doubles()
    let offset = try rw.constant(norm, .shift).doubles()
    let mean = try rw.constant(norm, .mean).doubles()
    let variance = try rw.constant(norm, .variance).doubles()
    scale = factor.indices.map {
      factor[$0] / (variance[$0] + Double(norm.epsilon)).squareRoot()
    }
    shift = []
    shift = scale.indices.map { offset[$0] - mean[$0] * scale[$0] }
    try requireFinite(rw)
  }

  /// What adding, subtracting, multiplying by or dividing by a constant does, if the constant
  /// differs along `axis` of the result at most.
  ///
  /// - Returns: with the transformation, the operand that is transformed.
  static func reading(
    _ op: OpRef<Binary>, channelAxis axis: Int, _ rw: borrowing Rewriter
  ) throws(Declined) -> (affine: ChannelAffine, input: ValueID) {
    let lhs = try rw.operand(op, .lhs)
    let rhs = try rw.operand(op, .rhs)
    let isRight = rw.graph.tensor(rhs) != nil
    let (input, constant) = isRight ? (lhs, rhs) : (rhs, lhs)
    let result = rw.graph.type(of: rw.graph.result(op))
    try rw.require(
      rw.graph.type(of: input) == result && result.element.isFloat && axis < result.shape.rank,
      "the op does more than transform channels")
    let values = try vector(
      try rw.constant(constant), along: axis, of: result.shape, rw)
    var affine = ChannelAffine(uniform: 1, 0, count: values.count)
    switch (op.function, isRight) {
    case (.add, _): affine.shift = values
    case (.sub, true): affine.shift = values.map { -$0 }
    case (.sub, false):
      affine.scale = affine.scale.map { -$0 }
      affine.shift = values
    case (.mul, _): affine.scale = values
    case (.div, true): affine.scale = values.map { 1 / $0 }
    default: throw Declined("\(op.function.rawValue) is not linear in the operand")
    }
    try affine.requireFinite(rw)
    return (affine, input)
  }

  /// A constant that is broadcast to `shape` as one value for each position along an axis.
  private static func vector(
    _ tensor: Tensor, along axis: Int, of shape: Shape, _ rw: borrowing Rewriter
  ) throws(Declined) -> [Double] {
    let missing = shape.rank - tensor.shape.rank
    let isVector = tensor.shape.extents.enumerated().allSatisfy { position, extent in
      extent == 1 || position + missing == axis
    }
    try rw.require(isVector && missing >= 0, "the constant differs along other axes too")
    let values = tensor.doubles()
    return values.count == 1 ? Array(repeating: values[0], count: shape[axis]) : values
  }

  /// Whether nothing is added.
  var hasNoShift: Bool { shift.allSatisfy { $0 == 0 } }

  /// What statistics of x become.
  func applied(to statistics: ChannelStatistics) -> ChannelStatistics? {
    guard statistics.mean.count == scale.count else { return nil }
    return ChannelStatistics(
      mean: scale.indices.map { Float(Double(statistics.mean[$0]) * scale[$0] + shift[$0]) },
      deviation: scale.indices.map { Float(Double(statistics.deviation[$0]) * abs(scale[$0])) })
  }

  private func requireFinite(_ rw: borrowing Rewriter) throws(Declined) {
    try rw.require(
      scale.allSatisfy(\.isFinite) && shift.allSatisfy(\.isFinite),
      "a scale or shift is not finite")
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Normalisations over the data itself.
enum NormalizationFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("InstanceNormalization", read: instance),
    OperatorImporter("LRN", read: localResponse),
    OperatorImporter("LayerNormalization", since: 17, read: layer),
    OperatorImporter("GroupNormalization", since: 18, read: group),
    OperatorImporter("MeanVarianceNormalization", since: 9, read: meanVariance),
    OperatorImporter("LpNormalization", "p of 1 or 2", read: lp),
    OperatorImporter("RMSNormalization", since: 23, read: rootMeanSquare),
  ]

  @Sendable static func instance(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    node.ignore("consumed_inputs")
    let x = try node.input(0)
    let rank = node.rank(x)
    guard rank >= 3 else { throw node.failure("the input is \(node.type(x))") }
    let epsilon = try node.float("epsilon", default: 1e-5)
    let normal = try node.insert(Normalize(axes: Array(2..<rank), epsilon: epsilon), x)
    let scale = try node.alongChannels(try node.input(1), rank: rank)
    let shift = try node.alongChannels(try node.input(2), rank: rank)
    return [try node.binary(.add, try node.binary(.mul, normal, scale), shift)]
  }

  @Sendable static func localResponse(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    var op = LocalResponseNorm()
    guard let size = try node.int("size") else { throw node.failure("size is missing") }
    op.size = size
    op.alpha = try node.float("alpha", default: 0.0001)
    op.beta = try node.float("beta", default: 0.75)
    op.bias = try node.float("bias", default: 1)
    return [try node.insert(op, try node.input(0))]
  }

  @Sendable static func layer(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let rank = node.rank(x)
    let first = try node.axis(try node.int("axis", default: -1), rank: rank)
    let axes = Array(first..<rank)
    let epsilon = try node.float("epsilon", default: 1e-5)
    let element = node.type(x).element
    // The statistics are of f32 (stash_type 1), or of bf16.
    let stash = try node.int("stash_type", default: 1) == 1 ? ElementType.f32 : element
    let wide = element == .f64 ? x : try node.cast(x, to: stash)
    let normal = try node.cast(try node.insert(Normalize(axes: axes, epsilon: epsilon), wide), to: element)
    var y = try node.binary(.mul, normal, try node.input(1))
    if let shift = node.optional(2) { y = try node.binary(.add, y, shift) }
    guard node.wantsResult(1) || node.wantsResult(2) else { return [y] }
    let mean = try node.reduce(.mean, wide, axes: axes)
    let centered = try node.binary(.sub, wide, mean)
    let variance = try node.reduce(.mean, try node.binary(.mul, centered, centered), axes: axes)
    let shifted = try node.binary(.add, variance, node.scalar(Double(epsilon), like: variance))
    return [y, mean, try node.unary(.reciprocal, try node.unary(.sqrt, shifted))]
  }

  /// Scale and shift are for each group at opset 18, for each channel from 21 on.
  @Sendable static func group(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    node.ignore("stash_type")
    let x = try node.input(0)
    let extents = node.extents(x)
    guard extents.count >= 2, let groups = try node.int("num_groups"), groups > 0,
      extents[1] % groups == 0
    else { throw node.failure("num_groups does not divide the channels of \(node.type(x))") }
    let epsilon = try node.float("epsilon", default: 1e-5)
    let split = [extents[0], groups, extents[1] / groups] + extents.dropFirst(2)
    let inner = try node.reshape(x, split)
    var normal = try node.insert(
      Normalize(axes: Array(2..<split.count), epsilon: epsilon), inner)
    var factors = [try node.input(1), try node.input(2)]
    if node.opset < 21 {
      for i in 0..<2 { factors[i] = try node.alongChannels(factors[i], rank: split.count) }
      normal = try node.binary(.add, try node.binary(.mul, normal, factors[0]), factors[1])
      return [try node.reshape(normal, extents)]
    }
    normal = try node.reshape(normal, extents)
    for i in 0..<2 { factors[i] = try node.alongChannels(factors[i], rank: extents.count) }
    return [try node.binary(.add, try node.binary(.mul, normal, factors[0]), factors[1])]
  }

  @Sendable static func meanVariance(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let axes = try node.axes(try node.ints("axes") ?? [0, 2, 3], rank: node.rank(x)).sorted()
    let mean = try node.reduce(.mean, x, axes: axes)
    let centered = try node.binary(.sub, x, mean)
    let variance = try node.reduce(.mean, try node.binary(.mul, centered, centered), axes: axes)
    // The function of ONNX adds its epsilon to the deviation, not to the variance.
    let deviation = try node.binary(
      .add, try node.unary(.sqrt, variance), node.scalar(1e-9, like: x))
    return [try node.binary(.div, centered, deviation)]
  }

  @Sendable static func lp(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let axis = try node.axis(try node.int("axis", default: -1), rank: node.rank(x))
    let p = try node.int("p", default: 2)
    guard p == 1 || p == 2 else { throw node.unsupported("p is \(p)", "p of 1 or 2 is supported") }
    let norm = try node.reduce(p == 1 ? .l1 : .l2, x, axes: [axis])
    let isZero = try node.binary(.equal, norm, node.scalar(0, like: norm))
    let quotient = try node.binary(.div, x, norm)
    return [try node.insert(Select(), isZero, node.scalar(0, like: x), quotient)]
  }

  @Sendable static func rootMeanSquare(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let rank = node.rank(x)
    let first = try node.axis(try node.int("axis", default: -1), rank: rank)
    let epsilon = Double(try node.float("epsilon", default: 1e-5))
    let element = node.type(x).element
    let stash = try node.int("stash_type", default: 1) == 1 ? ElementType.f32 : element
    let wide = element == .f64 ? x : try node.cast(x, to: stash)
    let squares = try node.binary(.mul, wide, wide)
    let mean = try node.reduce(.mean, squares, axes: Array(first..<rank))
    let root = try node.unary(
      .sqrt, try node.binary(.add, mean, node.scalar(epsilon, like: mean)))
    let normal = try node.cast(try node.binary(.div, wide, root), to: element)
    return [try node.binary(.mul, normal, try node.input(1))]
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// BatchNormalization, at inference and with the statistics of the batch (training_mode).
enum BatchNormalizationFamily: OperatorFamily {
  static let importers = [OperatorImporter("BatchNormalization", read: batchNormalization)]

  @Sendable static func batchNormalization(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    node.ignore("is_test", "consumed_inputs")
    let x = try node.input(0)
    let parameters = [
      try node.input(1), try node.input(2), try node.input(3), try node.input(4),
    ]
    let epsilon = try node.float("epsilon", default: 1e-5)
    let momentum = try node.float("momentum", default: 0.9)
    if node.opset >= 14, try node.flag("training_mode") {
      return try training(node, x, parameters, epsilon: epsilon, momentum: momentum)
    }
    guard !(1..<5).contains(where: node.wantsResult) else {
      throw node.unsupported(
        "it updates its statistics, as in training", "export the model for inference")
    }
    if node.opset < 9, try !node.flag("spatial", default: true) {
      return [try elementwise(node, x, parameters, epsilon: epsilon)]
    }
    return [
      try node.insert(
        BatchNorm(epsilon: epsilon), x, parameters[0], parameters[1], parameters[2], parameters[3])
    ]
  }

  /// Statistics for each element and not for each channel: the parameters have the shape of a
  /// sample.
  private static func elementwise(
    _ node: NodeContext, _ x: ValueID, _ parameters: [ValueID], epsilon: Float
  ) throws(Failure) -> ValueID {
    let variance = try node.binary(
      .add, parameters[3], node.scalar(Double(epsilon), like: parameters[3]))
    let centered = try node.binary(.sub, x, parameters[2])
    let normal = try node.binary(.div, centered, try node.unary(.sqrt, variance))
    return try node.binary(.add, try node.binary(.mul, normal, parameters[0]), parameters[1])
  }

  /// Normalises by the batch's own mean and (population) variance and gives the running ones on.
  private static func training(
    _ node: NodeContext, _ x: ValueID, _ parameters: [ValueID], epsilon: Float, momentum: Float
  ) throws(Failure) -> [ValueID?] {
    let rank = node.rank(x)
    guard rank >= 2 else { throw node.failure("the input is \(node.type(x))") }
    let axes = [0] + Array(2..<rank)
    let normal = try node.insert(Normalize(axes: axes, epsilon: epsilon), x)
    let element = node.type(x).element
    let scale = try node.alongChannels(try node.cast(parameters[0], to: element), rank: rank)
    let shift = try node.alongChannels(try node.cast(parameters[1], to: element), rank: rank)
    let y = try node.binary(.add, try node.binary(.mul, normal, scale), shift)
    guard node.wantsResult(1) || node.wantsResult(2) else { return [y] }
    let mean = try node.reduce(.mean, x, axes: axes)
    let centered = try node.binary(.sub, x, mean)
    let squares = try node.binary(.mul, centered, centered)
    let variance = try node.reduce(.mean, squares, axes: axes, keep: false)
    let channels = node.extents(x)[1]
    var results: [ValueID?] = [y]
    for (old, new) in [(parameters[2], mean), (parameters[3], variance)] {
      let now = try node.cast(try node.reshape(new, [channels]), to: node.type(old).element)
      let kept = try node.binary(.mul, old, node.scalar(Double(momentum), like: old))
      let added = try node.binary(.mul, now, node.scalar(Double(1 - momentum), like: old))
      results.append(try node.binary(.add, kept, added))
    }
    return results
  }
}

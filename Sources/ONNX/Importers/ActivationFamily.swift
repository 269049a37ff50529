// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Activations with parameters, and those that are made of others.
enum ActivationFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("LeakyRelu", read: leakyRelu),
    OperatorImporter("Elu", read: elu),
    OperatorImporter("HardSigmoid", read: hardSigmoid),
    OperatorImporter("Swish", since: 24, read: swish),
    OperatorImporter("Selu", read: selu),
    OperatorImporter("Celu", since: 12, read: celu),
    OperatorImporter("ThresholdedRelu", since: 10, read: thresholdedRelu),
    OperatorImporter("Shrink", since: 9, read: shrink),
    OperatorImporter("Mish", since: 18, read: mish),
    OperatorImporter("Gelu", since: 20, read: gelu),
  ]

  @Sendable static func leakyRelu(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let alpha = try node.float("alpha", default: 0.01)
    return [try node.unary(.leakyRelu, try node.input(0), alpha: alpha)]
  }

  @Sendable static func elu(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let alpha = try node.float("alpha", default: 1)
    return [try node.unary(.elu, try node.input(0), alpha: alpha)]
  }

  @Sendable static func hardSigmoid(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let alpha = try node.float("alpha", default: 0.2)
    let beta = try node.float("beta", default: 0.5)
    return [try node.unary(.hardSigmoid, try node.input(0), alpha: alpha, beta: beta)]
  }

  @Sendable static func swish(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let alpha = try node.float("alpha", default: 1)
    return [try node.unary(.swish, try node.input(0), alpha: alpha)]
  }

  @Sendable static func selu(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let alpha = try node.float("alpha", default: 1.67326319217681884765625)
    let gamma = try node.float("gamma", default: 1.05070102214813232421875)
    let y = try node.unary(.elu, try node.input(0), alpha: alpha)
    return [try node.binary(.mul, y, node.scalar(Double(gamma), like: y))]
  }

  /// max(0, x) + min(0, alpha·(e^(x/alpha) − 1)) is alpha·elu(x/alpha) where alpha is positive.
  @Sendable static func celu(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let alpha = try node.float("alpha", default: 1)
    guard alpha > 0 else {
      throw node.unsupported("alpha is \(alpha)", "a positive alpha is supported")
    }
    if alpha == 1 { return [try node.unary(.elu, x, alpha: 1)] }
    let factor = node.scalar(Double(alpha), like: x)
    let inner = try node.unary(.elu, try node.binary(.div, x, factor), alpha: 1)
    return [try node.binary(.mul, inner, factor)]
  }

  @Sendable static func thresholdedRelu(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let alpha = node.scalar(Double(try node.float("alpha", default: 1)), like: x)
    let passes = try node.binary(.greater, x, alpha)
    return [try node.insert(Select(), passes, x, node.scalar(0, like: x))]
  }

  @Sendable static func shrink(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let bias = node.scalar(Double(try node.float("bias", default: 0)), like: x)
    let limit = Double(try node.float("lambd", default: 0.5))
    let isLow = try node.binary(.less, x, node.scalar(-limit, like: x))
    let isHigh = try node.binary(.greater, x, node.scalar(limit, like: x))
    let high = try node.insert(
      Select(), isHigh, try node.binary(.sub, x, bias), node.scalar(0, like: x))
    return [try node.insert(Select(), isLow, try node.binary(.add, x, bias), high)]
  }

  @Sendable static func mish(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let gate = try node.unary(.tanh, try node.unary(.softplus, x))
    return [try node.binary(.mul, x, gate)]
  }

  @Sendable static func gelu(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let approximation = try node.string("approximate", default: "none")
    let inner: ValueID
    switch approximation {
    case "none":
      inner = try node.unary(
        .erf, try node.binary(.mul, x, node.scalar(0.5.squareRoot(), like: x)))
    case "tanh":
      let square = try node.binary(.mul, x, x)
      let scaled = try node.binary(
        .mul, try node.binary(.mul, square, x), node.scalar(0.044715, like: x))
      let sum = try node.binary(.add, x, scaled)
      let factor = node.scalar((2 / Double.pi).squareRoot(), like: x)
      inner = try node.unary(.tanh, try node.binary(.mul, sum, factor))
    default: throw node.failure("approximate is '\(approximation)', expected none or tanh")
    }
    let gate = try node.binary(.add, inner, node.scalar(1, like: x))
    let half = try node.binary(.mul, x, node.scalar(0.5, like: x))
    return [try node.binary(.mul, half, gate)]
  }
}

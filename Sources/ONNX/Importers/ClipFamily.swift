// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Clip, its limits attributes (before opset 11) or operands.
enum ClipFamily: OperatorFamily {
  static let importers = [OperatorImporter("Clip", read: clip)]

  @Sendable static func clip(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    node.ignore("consumed_inputs")
    let x = try node.input(0)
    let element = node.type(x).element
    if node.opset < 11 {
      let low = try node.float("min", default: -Float.greatestFiniteMagnitude)
      let high = try node.float("max", default: Float.greatestFiniteMagnitude)
      return [try node.unary(.clip, x, alpha: low, beta: high)]
    }
    let (low, high) = (node.optional(1), node.optional(2))
    guard low != nil || high != nil else { return [x] }
    let limits = (try limit(1, node), try limit(2, node))
    let isPlain = element.isFloat && element != .f64
      && (low == nil || limits.0 != nil) && (high == nil || limits.1 != nil)
    if isPlain {
      return [
        try node.unary(
          .clip, x, alpha: limits.0 ?? -Float.greatestFiniteMagnitude,
          beta: limits.1 ?? Float.greatestFiniteMagnitude)
      ]
    }
    var result = x
    if let low { result = try node.binary(.max, result, try scalar(low, node)) }
    if let high { result = try node.binary(.min, result, try scalar(high, node)) }
    return [result]
  }

  /// A limit that is known and can be an attribute.
  private static func limit(_ index: Int, _ node: NodeContext) throws(Failure) -> Float? {
    guard let tensor = try node.constant(index), tensor.count == 1 else { return nil }
    let value = Float(tensor.doubles()[0])
    return value.isFinite ? value : nil
  }

  private static func scalar(_ value: ValueID, _ node: NodeContext) throws(Failure) -> ValueID {
    guard node.type(value).shape.elementCount == 1 else {
      throw node.failure("a limit is \(node.type(value)), expected a scalar")
    }
    return try node.reshape(value, [])
  }
}

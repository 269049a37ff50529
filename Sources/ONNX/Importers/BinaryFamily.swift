// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Operators of two operands that broadcast, with the `broadcast` and `axis` attributes of opset 6.
enum BinaryFamily: OperatorFamily {
  static let importers = [
    plain("Add", .add), plain("Sub", .sub), plain("Mul", .mul), plain("Div", .div),
    plain("And", .and), plain("Or", .or), plain("Xor", .xor),
    plain("Equal", .equal), plain("Less", .less), plain("Greater", .greater),
    plain("LessOrEqual", .lessOrEqual, since: 12),
    plain("GreaterOrEqual", .greaterOrEqual, since: 12),
    plain("BitwiseAnd", .bitAnd, since: 18), plain("BitwiseOr", .bitOr, since: 18),
    plain("BitwiseXor", .bitXor, since: 18),
    OperatorImporter("Pow", read: pow),
    OperatorImporter("Mod", since: 10, read: mod),
    OperatorImporter("BitShift", since: 11, read: bitShift),
    OperatorImporter("PRelu", read: prelu),
    OperatorImporter("BitwiseNot", since: 18) { (node) throws(Failure) in
      let x = try node.input(0)
      return [try node.binary(.bitXor, x, node.add(allBits(node.type(x).element), name: ""))]
    },
  ]

  private static func plain(
    _ name: String, _ function: BinaryFunction, since: Int = ONNXImporter.oldestOpset
  ) -> OperatorImporter {
    OperatorImporter(name, since: since) { (node) throws(Failure) in
      node.ignore("consumed_inputs")
      let (a, b) = try operands(node)
      return [try node.binary(function, a, b)]
    }
  }

  /// Both operands; before opset 7 the second is brought under the axes of the first that `axis`
  /// names.
  static func operands(_ node: NodeContext) throws(Failure) -> (ValueID, ValueID) {
    let a = try node.input(0)
    let b = try node.input(1)
    guard node.opset < 7 else { return (a, b) }
    let broadcasts = try node.flag("broadcast")
    let axis = try node.int("axis")
    guard broadcasts, let axis else { return (a, b) }
    let first = try node.axis(axis, rank: node.rank(a))
    let after = node.rank(a) - first - node.rank(b)
    guard after >= 0 else {
      throw node.failure("axis \(axis) leaves no room for \(node.type(b)) in \(node.type(a))")
    }
    let extents = node.extents(b) + Array(repeating: 1, count: after)
    return (a, try node.reshape(b, extents))
  }

  /// The result has the type of the base, whatever the exponent's is.
  @Sendable static func pow(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let (base, exponent) = try operands(node)
    let type = node.type(base).element
    if !type.isFloat, node.type(exponent).element.isFloat {
      let wide = try node.cast(base, to: node.type(exponent).element)
      return [try node.cast(try node.binary(.pow, wide, exponent), to: type)]
    }
    return [try node.binary(.pow, base, try node.cast(exponent, to: type))]
  }

  @Sendable static func mod(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let (a, b) = try operands(node)
    return [try node.binary(try node.flag("fmod") ? .fmod : .mod, a, b)]
  }

  @Sendable static func bitShift(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let (a, b) = try operands(node)
    switch try node.string("direction", default: "") {
    case "LEFT": return [try node.binary(.shiftLeft, a, b)]
    case "RIGHT": return [try node.binary(.shiftRight, a, b)]
    case let other: throw node.failure("direction is '\(other)', expected LEFT or RIGHT")
    }
  }

  /// Before opset 7 a slope vector runs along the channels; later it broadcasts, but exporters
  /// went on.
  @Sendable static func prelu(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    var slope = try node.input(1)
    let extents = node.extents(x)
    let isVector = node.rank(slope) == 1 && node.extents(slope) != [1] && extents.count >= 2
    if isVector, node.extents(slope)[0] == extents[1],
      node.opset < 7 || extents[extents.count - 1] != extents[1]
    {
      slope = try node.alongChannels(slope, rank: extents.count)
    }
    guard Shape.broadcast(node.type(x).shape, node.type(slope).shape) == node.type(x).shape else {
      throw node.failure("slope \(node.type(slope)) does not broadcast to \(node.type(x))")
    }
    return [try node.binary(.prelu, x, slope)]
  }

  private static func allBits(_ element: ElementType) -> Tensor {
    Tensor(TensorType(element, .scalar), wrapping: [-1])
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Products of integers: ConvInteger, MatMulInteger, QLinearConv and QLinearMatMul.
enum IntegerProductFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("ConvInteger", since: 10, read: convInteger),
    OperatorImporter("MatMulInteger", since: 10, read: matMulInteger),
    OperatorImporter("QLinearConv", since: 10, read: qLinearConv),
    OperatorImporter("QLinearMatMul", since: 10, read: qLinearMatMul),
  ]

  @Sendable static func convInteger(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let weight = try node.input(1)
    let (op, x) = try convolution(node, input: try node.input(0), weight: weight)
    return [
      try node.insert(
        op, x, weight, nil, try zero(node, node.optional(2)), try zero(node, node.optional(3)))
    ]
  }

  @Sendable static func matMulInteger(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    [
      try node.insert(
        MatrixMultiply(), try node.input(0), try node.input(1), nil,
        try zero(node, node.optional(2)), try zero(node, node.optional(3)))
    ]
  }

  @Sendable static func qLinearConv(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    [try quantizedConvolution(node, try node.input(0))]
  }

  /// QLinearConv of an input whose channels are axis 1.
  static func quantizedConvolution(
    _ node: NodeContext, _ input: ValueID
  ) throws(Failure) -> ValueID {
    let weight = try node.input(3)
    let (op, x) = try convolution(node, input: input, weight: weight)
    let sum = try node.insert(
      op, x, weight, node.optional(8), try zero(node, try node.input(2)),
      try zero(node, try node.input(5)))
    let factor = try factor(
      node, try node.scale(1), try node.scale(4), try node.scale(6, divides: true))
    return try requantized(node, sum, factor, zeroPoint: try node.input(7), axis: 1)
  }

  @Sendable static func qLinearMatMul(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let a = try node.input(0)
    let b = try node.input(3)
    let sum = try node.insert(
      MatrixMultiply(), a, b, nil, try zero(node, try node.input(2)),
      try zero(node, try node.input(5)))
    let rows = try node.scale(1)
    let isPerRow = node.type(rows).shape.elementCount > 1
    let first = isPerRow ? try column(node, rows) : try vector(node, rows)
    let factor = try factor(
      node, first, try vector(node, try node.scale(4)), try node.scale(6, divides: true))
    return [
      try requantized(
        node, sum, factor, zeroPoint: try node.input(7), axis: node.rank(sum) - 1)
    ]
  }

  private static func convolution(
    _ node: NodeContext, input: ValueID, weight: ValueID
  ) throws(Failure) -> (Convolution, ValueID) {
    var (op, x) = try ConvolutionFamily.geometry(node, input: input, weight: weight)
    guard x == input else { throw node.unsupported("negative pads of a quantised input") }
    op.groups = try node.int("group", default: 1)
    return (op, x)
  }

  /// A zero point as a scalar or a vector; its other axes have one position.
  static func zero(_ node: NodeContext, _ value: ValueID?) throws(Failure) -> ValueID? {
    guard let value else { return nil }
    return try vector(node, value)
  }

  /// A scale or zero point of several axes, of which only one has more than one position, as a
  /// vector.
  static func vector(_ node: NodeContext, _ value: ValueID) throws(Failure) -> ValueID {
    let type = node.type(value)
    guard type.shape.rank > 1 else { return value }
    guard type.shape.extents.filter({ $0 != 1 }).count <= 1 else {
      throw node.unsupported(
        "a scale or zero point \(type)", "one for each tensor, row or column is supported")
    }
    return try node.reshape(value, [type.shape.elementCount])
  }

  /// A scale for each row of a matrix, so that it broadcasts along the columns.
  private static func column(_ node: NodeContext, _ value: ValueID) throws(Failure) -> ValueID {
    let extents = node.extents(value)
    if extents.count >= 2, extents[extents.count - 1] == 1 { return value }
    return try node.reshape(value, extents + [1])
  }

  /// alpha·x·w/y in f32; without y alpha·x·w.
  static func factor(
    _ node: NodeContext, _ x: ValueID, _ w: ValueID, _ y: ValueID?, alpha: Float = 1
  ) throws(Failure) -> ValueID {
    var factor = try node.binary(
      .mul, try node.cast(x, to: .f32), try node.cast(w, to: .f32))
    if alpha != 1 {
      factor = try node.binary(.mul, factor, node.scalar(Double(alpha), like: factor))
    }
    if let y { factor = try node.binary(.div, factor, try node.cast(y, to: .f32)) }
    guard let known = try node.tensor(of: factor) else { return factor }
    guard known.doubles().allSatisfy({ $0.isFinite }) else {
      throw node.failure("the scales' quotient input · weight / result is too large for a float")
    }
    return node.add(known, name: "")
  }

  /// Sums brought back to the type of the zero point.
  static func requantized(
    _ node: NodeContext, _ sum: ValueID, _ factor: ValueID, zeroPoint: ValueID, axis: Int
  ) throws(Failure) -> ValueID {
    var zero = zeroPoint
    let target = node.type(zero).element
    let isVector = node.rank(factor) <= 1
    if isVector {
      if node.type(zero).shape.elementCount == 1 { zero = try node.reshape(zero, []) }
      var op = Requantize()
      op.to = target
      op.axis = axis
      var factor = factor
      if node.extents(factor) == [1] { factor = try node.reshape(factor, []) }
      return try node.insert(op, sum, factor, zero)
    }
    guard node.type(zero).shape.elementCount == 1 else {
      throw node.unsupported("a zero point for each row of the result", "one for all is supported")
    }
    let scaled = try node.binary(.mul, try node.cast(sum, to: .f32), factor)
    var op = Quantize()
    op.to = target
    return try node.insert(op, scaled, node.scalar(1, .f32), try node.reshape(zero, []))
  }
}

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
        op, x, weight, nil, try node.zeroPointIfPresent(2, of: .tensor),
        try node.zeroPointIfPresent(3, of: .filter))
    ]
  }

  @Sendable static func matMulInteger(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let (a, b) = (try node.input(0), try node.input(1))
    return [
      try node.insert(
        MatrixMultiply(), a, b, nil,
        try node.zeroPointIfPresent(2, of: row(node, a)),
        try node.zeroPointIfPresent(3, of: column(node, b)))
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
      op, x, weight, node.optional(8), try node.zeroPoint(2, of: .tensor),
      try node.zeroPoint(5, of: .filter))
    let scale = try sumScale(
      node, try node.scale(1, of: .tensor), try node.scale(4, of: .filter),
      over: try node.scale(6, of: .tensor, divides: true))
    return try requantized(node, sum, scale, zeroPoint: 7, axis: 1)
  }

  @Sendable static func qLinearMatMul(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let (a, b) = (try node.input(0), try node.input(3))
    let (row, column) = (row(node, a), column(node, b))
    let sum = try node.insert(
      MatrixMultiply(), a, b, nil, try node.zeroPoint(2, of: row),
      try node.zeroPoint(5, of: column))
    var rows = try node.scale(1, of: row)
    let count = node.type(rows).shape.elementCount
    // Columns are the last axis of the result, unless there is one alone, which has no axis.
    if count > 1, node.rank(b) > 1 { rows = try node.reshape(rows, [count, 1]) }
    let scale = try sumScale(
      node, rows, try node.scale(4, of: column),
      over: try node.scale(6, of: .tensor, divides: true))
    return [
      try requantized(node, sum, scale, zeroPoint: 7, axis: max(0, node.rank(sum) - 1))
    ]
  }

  /// What of the first operand of a product has a scale of its own; a vector is one row.
  static func row(_ node: NodeContext, _ a: ValueID) -> ScaledPart {
    node.rank(a) > 1 ? .row : .tensor
  }

  /// What of the second operand of a product has a scale of its own; a vector is one column.
  static func column(_ node: NodeContext, _ b: ValueID) -> ScaledPart {
    node.rank(b) > 1 ? .column : .tensor
  }

  private static func convolution(
    _ node: NodeContext, input: ValueID, weight: ValueID
  ) throws(Failure) -> (Convolution, ValueID) {
    var (op, x) = try ConvolutionFamily.geometry(node, input: input, weight: weight)
    guard x == input else { throw node.unsupported("negative pads of a quantised input") }
    op.groups = try node.int("group", default: 1)
    return (op, x)
  }

  /// The step of sums of products in steps of the result, alpha · a · b / y in f32; without y as a
  /// number.
  static func sumScale(
    _ node: NodeContext, _ a: ValueID, _ b: ValueID, over y: ValueID? = nil, alpha: Float = 1
  ) throws(Failure) -> ValueID {
    var scale = try node.binary(
      .mul, try node.cast(a, to: .f32), try node.cast(b, to: .f32))
    if alpha != 1 {
      scale = try node.binary(.mul, scale, node.scalar(Double(alpha), like: scale))
    }
    if let y { scale = try node.binary(.div, scale, try node.cast(y, to: .f32)) }
    guard let known = try node.tensor(of: scale) else { return scale }
    guard known.doubles().allSatisfy({ $0.isFinite }) else {
      throw node.failure("the scales' quotient input · weight / result is too large for a float")
    }
    return node.add(known, name: "")
  }

  /// Sums brought back to the type of the zero point, which is an operand of the node; a scale that
  /// is no vector has a column for the rows.
  static func requantized(
    _ node: NodeContext, _ sum: ValueID, _ scale: ValueID, zeroPoint index: Int, axis: Int
  ) throws(Failure) -> ValueID {
    let zero = try node.reshape(try node.zeroPoint(index, of: .tensor), [])
    let target = node.type(zero).element
    try node.checkQuantized(target)
    if node.rank(scale) <= 1 {
      var op = Requantize()
      op.to = target
      op.axis = axis
      return try node.insert(
        op, sum, node.extents(scale) == [1] ? try node.reshape(scale, []) : scale, zero)
    }
    let scaled = try node.binary(.mul, try node.cast(sum, to: .f32), scale)
    guard node.extents(scaled) == node.extents(sum) else {
      throw node.failure("scales \(node.type(scale)) for a result \(node.type(sum))")
    }
    var op = Quantize()
    op.to = target
    return try node.insert(op, scaled, node.scalar(1, .f32), zero)
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Constant 8-bit weights take up their zero point where the differences are 8-bit integers too: the products stay what they are,
/// and kernels have nothing to subtract.
///
///     %y = conv %x, @w, @b, @zx, @zw     →     %y = conv %x, @v, @b, @zx          v = w − zw as i8
enum WeightZeroRewrites {
  static let all = [
    Rewrite("zero-point-into-filters", absorbIntoFilters),
    Rewrite("zero-point-into-columns", absorbIntoColumns),
  ]

  private static func absorbIntoFilters(
    _ op: OpRef<Convolution>, _ rw: inout Rewriter
  ) throws(Declined) {
    try absorb(op, .weight, zero: .weightZero, along: 0, &rw)
  }

  private static func absorbIntoColumns(
    _ op: OpRef<MatrixMultiply>, _ rw: inout Rewriter
  ) throws(Declined) {
    let rank = rw.graph.type(of: try rw.operand(op, .rhs)).shape.rank
    let axis = rank < 2 ? 0 : rank - (op.transposeRHS ? 2 : 1)
    try absorb(op, .rhs, zero: .rhsZero, along: axis, &rw)
  }

  /// Replaces the weights by the differences from their zero points, which are one or as many as `axis` has positions.
  private static func absorb<Op: OpDefinition>(
    _ op: OpRef<Op>, _ slot: Op.Operand, zero zeroSlot: Op.Operand, along axis: Int,
    _ rw: inout Rewriter
  ) throws(Declined) {
    let value = try rw.operand(op, slot)
    let element = rw.graph.type(of: value).element
    try rw.require(element == .i8 || element == .u8, "the weights have not 8 bits")
    let zeros = try rw.constantIfPresent(op, zeroSlot)?.integers() ?? [0]
    try rw.require(
      element == .u8 || zeros.contains { $0 != 0 }, "the weights have no zero point")
    let weight = try rw.constant(value)
    let inner = weight.shape.extents.dropFirst(axis + 1).reduce(1, *)
    let numbers = weight.integers().enumerated().map { position, number in
      number - (zeros.count == 1 ? zeros[0] : zeros[position / inner % zeros.count])
    }
    try rw.require(
      numbers.allSatisfy { Int8(exactly: $0) != nil }, "weights less their zero point leave i8")
    let centered = rw.addConstant(
      Tensor(TensorType(.i8, weight.shape), wrapping: numbers), name: rw.graph.name(of: value))
    let operands = rw.graph.operands(of: op.id).enumerated().map { position, operand in
      position == slot.rawValue ? centered : position == zeroSlot.rawValue ? nil : operand
    }
    try rw.substitute(op.id, by: op.attributes, operands)
  }
}

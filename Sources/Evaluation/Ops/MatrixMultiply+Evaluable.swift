// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension MatrixMultiply: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let lhs = try operands.require(.lhs)
    let rhs = try operands.require(.rhs)
    let depth = lhs.shape[transposeLHS ? lhs.shape.rank - 2 : lhs.shape.rank - 1]
    let inDoubles = lhs.element.isFloat
      || areExactInDouble(
        lhs.element, rhs.element, depth: depth, bias: operands[.bias])
    return [
      inDoubles
        ? try evaluate(operands, resultTypes[0], as: Double.self)
        : try evaluate(operands, resultTypes[0], as: Int64.self)
    ]
  }

  private func evaluate<Number: ProductNumber>(
    _ operands: OperandTensors<Self>, _ type: TensorType, as number: Number.Type
  ) throws(Failure) -> Tensor {
    let lhs = try operands.require(.lhs)
    let rhs = try operands.require(.rhs)
    // A vector is a row on the left and a column on the right.
    let left: MatrixProduct<Number>.Operand = matrices(
      lhs, lhs.shape.rank == 1 ? [1, lhs.shape[0]] : lhs.shape.extents, transposeLHS,
      operands[.lhsZero])
    let right: MatrixProduct<Number>.Operand = matrices(
      rhs, rhs.shape.rank == 1 ? [rhs.shape[0], 1] : rhs.shape.extents, transposeRHS,
      operands[.rhsZero])
    guard let outer = Shape.broadcast(left.outer, right.outer) else {
      throw Failure("leading axes of \(lhs.shape) and \(rhs.shape) do not broadcast")
    }
    return MatrixProduct(left: left, right: right, bias: Number.bias(operands[.bias]))
      .evaluate(type, outer: outer)
  }

  private func matrices<Number: ProductNumber>(
    _ tensor: Tensor, _ extents: [Int], _ isTransposed: Bool, _ zero: Tensor?
  ) -> MatrixProduct<Number>.Operand {
    let (a, b) = (extents[extents.count - 2], extents[extents.count - 1])
    return MatrixProduct<Number>.Operand(
      tensor: tensor, outer: Shape(Array(extents.dropLast(2))) ?? .scalar,
      rows: isTransposed ? b : a, columns: isTransposed ? a : b, isTransposed: isTransposed,
      zero: ZeroPoints(zero))
  }
}

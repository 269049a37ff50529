// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Matrix product over the last two axes with the leading axes broadcast: Σₖ (lhs − lhsZero)[…,m,k] · (rhs − rhsZero)[…,k,n] + bias[n]. A
/// vector operand counts as a row (lhs) or a column (rhs), and its axis leaves the result. With a transposed constant rhs it is the
/// fully connected layer.
public struct MatrixMultiply: OpDefinition {
  public enum Operand: Int, OperandName { case lhs, rhs, bias, lhsZero, rhsZero }
  public static let name = "matmul"
  public static let summary = "lhs […,M,K] · rhs […,K,N] + bias [N]"
  public static let optionalOperands: [Operand] = [.bias, .lhsZero, .rhsZero]
  public static let fields: [Field<Self>] = [
    Field("transpose_lhs", \.transposeLHS, "lhs is […,K,M]"),
    Field("transpose_rhs", \.transposeRHS, "rhs is […,N,K]"),
    Field("wide", \.isWide, "whether sums of integers of at most 16 bits are i64 instead of i32"),
  ]
  public var transposeLHS = false
  public var transposeRHS = false
  public var isWide = false

  public init() {}

  /// A product; the second operand may be transposed.
  public init(transposeLHS: Bool = false, transposeRHS: Bool = false) {
    self.transposeLHS = transposeLHS
    self.transposeRHS = transposeRHS
  }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let lhs = try operands.require(.lhs)
    let rhs = try operands.require(.rhs)
    guard lhs.shape.rank >= 1, rhs.shape.rank >= 1 else {
      throw TypeMismatch("matmul takes no scalars")
    }
    guard lhs.shape.rank >= 2 || !transposeLHS, rhs.shape.rank >= 2 || !transposeRHS else {
      throw TypeMismatch("a vector is not transposed")
    }
    let a = lhs.shape.rank == 1 ? [1, lhs.shape[0]] : lhs.shape.extents
    let b = rhs.shape.rank == 1 ? [rhs.shape[0], 1] : rhs.shape.extents
    let (m, ka) = transposeLHS ? (a[a.count - 1], a[a.count - 2]) : (a[a.count - 2], a[a.count - 1])
    let (kb, n) = transposeRHS ? (b[b.count - 1], b[b.count - 2]) : (b[b.count - 2], b[b.count - 1])
    guard ka == kb else {
      throw TypeMismatch("inner extents \(ka) and \(kb) of \(lhs.shape) and \(rhs.shape) differ")
    }
    let outerA = try checkedShape(Array(a.dropLast(2)))
    let outerB = try checkedShape(Array(b.dropLast(2)))
    guard let outer = Shape.broadcast(outerA, outerB) else {
      throw TypeMismatch("leading axes of \(lhs.shape) and \(rhs.shape) do not broadcast")
    }
    let element = try productElement(
      lhs, rhs, operands[.lhsZero], operands[.rhsZero], isWide: isWide)
    try checkBias(operands[.bias], element, channels: n)
    try checkZero(operands[.lhsZero], of: lhs, vector: m)
    try checkZero(operands[.rhsZero], of: rhs, vector: n)
    var extents = outer.extents
    if lhs.shape.rank > 1 { extents.append(m) }
    if rhs.shape.rank > 1 { extents.append(n) }
    return [TensorType(element, try checkedShape(extents))]
  }
}

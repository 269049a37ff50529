// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import LoopIR
import Tensors

/// The extents of a matrix product and where its operands have them.
struct MatrixShape {
  let lhs: TensorType
  let rhs: TensorType
  let result: TensorType
  /// The leading axes of the result.
  let batch: [Int]
  let rows: Int
  let columns: Int
  let inner: Int
  let transposesLHS: Bool
  let transposesRHS: Bool

  init(_ op: OpRef<MatrixMultiply>, in graph: Graph) {
    guard let a = graph.operand(op, .lhs), let b = graph.operand(op, .rhs) else {
      unreachable("a verified matrix product has its operands")
    }
    lhs = graph.type(of: a)
    rhs = graph.type(of: b)
    result = graph.type(of: graph.result(op))
    transposesLHS = op.transposeLHS
    transposesRHS = op.transposeRHS
    let (la, lb) = (lhs.shape.extents, rhs.shape.extents)
    rows = la.count == 1 ? 1 : la[la.count - (transposesLHS ? 1 : 2)]
    inner = la.count == 1 ? la[0] : la[la.count - (transposesLHS ? 2 : 1)]
    columns = lb.count == 1 ? 1 : lb[lb.count - (transposesRHS ? 2 : 1)]
    let own = (la.count > 1 ? 1 : 0) + (lb.count > 1 ? 1 : 0)
    batch = Array(result.shape.extents.dropLast(own))
  }

  /// The dimension of the right operand that runs along the columns of the result; nil for a vector.
  var columnDimension: Int? {
    rhs.shape.rank == 1 ? nil : rhs.shape.rank - (transposesRHS ? 2 : 1)
  }

  /// The dimension of the right operand that is summed over.
  var innerDimension: Int {
    rhs.shape.rank == 1 ? 0 : rhs.shape.rank - (transposesRHS ? 1 : 2)
  }

  /// The dimension of the result that runs along its columns; nil if the right operand is a vector.
  var resultColumnDimension: Int? { rhs.shape.rank == 1 ? nil : result.shape.rank - 1 }

  /// The coordinates of the left operand's element in a row.
  func left(_ outer: [Index], row: Index, inner: Index) -> [Index] {
    guard lhs.shape.rank > 1 else { return [inner] }
    return leading(outer, of: lhs.shape) + (transposesLHS ? [inner, row] : [row, inner])
  }

  /// The coordinates of the right operand's element in a column.
  func right(_ outer: [Index], inner: Index, column: Index) -> [Index] {
    guard rhs.shape.rank > 1 else { return [inner] }
    return leading(outer, of: rhs.shape) + (transposesRHS ? [column, inner] : [inner, column])
  }

  /// The coordinates of a result.
  func result(_ outer: [Index], row: Index, column: Index) -> [Index] {
    outer + (lhs.shape.rank > 1 ? [row] : []) + (rhs.shape.rank > 1 ? [column] : [])
  }

  /// The leading coordinates of an operand that is broadcast over the result's.
  private func leading(_ outer: [Index], of shape: Shape) -> [Index] {
    let rank = shape.rank - 2
    return zip(outer.suffix(rank), 0..<rank).map { shape[$1] == 1 ? Index(0) : $0 }
  }
}

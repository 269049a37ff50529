// SPDX-License-Identifier: Apache-2.0
import Tensors

/// A matrix product over the last two axes, for each index of the leading axes.
struct MatrixProduct<Number: ProductNumber> {
  /// A stack of matrices in a tensor.
  struct Operand {
    let tensor: Tensor
    /// The leading axes.
    let outer: Shape
    let rows: Int
    let columns: Int
    let isTransposed: Bool
    let zero: ZeroPoints<Number>

    /// Writes part of a row of a matrix.
    func load(
      matrix: Int, row: Int, _ columns: Range<Int>, _ piece: UnsafeMutablePointer<Number>
    ) {
      let start = matrix * rows * self.columns
      if isTransposed {
        tensor.load(
          piece, at: start + columns.lowerBound * rows + row, step: rows, count: columns.count)
      } else {
        tensor.load(piece, at: start + row * self.columns + columns.lowerBound, count: columns.count)
      }
    }
  }

  let left: Operand
  let right: Operand
  let bias: [Number]

  /// The result; `outer` is the shape of its leading axes.
  func evaluate(_ type: TensorType, outer: Shape) -> Tensor {
    TensorBuilder.make(type) { builder in
      BroadcastRuns(result: outer, operands: [left.outer, right.outer]).forEachElement {
        multiply($0, left: $1[0], right: $1[1], builder)
      }
    }
  }

  private func multiply(_ matrix: Int, left m: Int, right n: Int, _ builder: TensorBuilder) {
    let columnsOfResult = right.columns
    let start = matrix * left.rows * columnsOfResult
    let rightIsZero = right.zero.areZero
    ProductBlocks<Number>(rows: left.rows, depth: left.columns, columns: columnsOfResult).compute(
      loadLeft: { row, depth, piece in
        left.load(matrix: m, row: row, depth, piece)
        let zero = left.zero[row]
        if zero != .zero { for i in 0..<depth.count { piece[i] = .difference(piece[i], zero) } }
      },
      loadRight: { k, columns, piece in
        right.load(matrix: n, row: k, columns, piece)
        guard !rightIsZero else { return }
        for (i, column) in columns.enumerated() { piece[i] = .difference(piece[i], right.zero[column]) }
      },
      store: { row, columns, sums in
        if !bias.isEmpty { for (i, column) in columns.enumerated() { sums[i] = .sum(sums[i], bias[column]) } }
        Number.store(
          sums, builder, at: start + row * columnsOfResult + columns.lowerBound,
          count: columns.count)
      })
  }
}

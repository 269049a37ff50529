// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Targets
import Tensors

/// How a matrix kernel divides its result: tiles of `rows` × `columns`, the columns in vectors.
struct MatrixTile {
  let rows: Int
  /// Columns in a tile.
  let columns: Int
  /// Columns in a vector; 1 for plain numbers.
  let lanes: Int
  /// How many products with different inner positions are summed apart, so that sums need not wait for each other.
  let parts: Int

  /// A vector (or number) of columns inside a tile.
  struct Vector: Hashable {
    let offset: Int
    let lanes: Int
  }

  /// The tile for floats on a target with vectors.
  static func vectors(_ shape: MatrixShape, on target: Target) -> MatrixTile {
    let lanes = target.lanes(32)
    let blocks = (shape.columns + lanes - 1) / lanes
    if shape.rows == 1 {
      // Bound by the reading of weights: enough sums to hide the time that each takes.
      let most = min(max(target.vectorRegisters / 2, 2), 8)
      let vectors = min(most, blocks)
      let parts = max(1, min(most / vectors, shape.inner / 16))
      return MatrixTile(rows: 1, columns: vectors * lanes, lanes: lanes, parts: parts)
    }
    let tile = RegisterTile.best(height: 1, width: shape.rows, blocks: blocks, on: target)
    return MatrixTile(
      rows: tile.columns, columns: tile.vectors * lanes, lanes: lanes, parts: 1)
  }

  /// The tile of plain numbers.
  static func numbers(_ shape: MatrixShape, on target: Target) -> MatrixTile {
    let isHard = shape.result.element.isFloat && target.floatUnit != .none
    let registers = isHard ? max(target.floatRegisters, 8) : target.integerRegisters
    let (rows, columns) =
      registers >= 24 ? (4, 4) : registers >= 14 ? (2, 4) : registers >= 10 ? (2, 2) : (1, 2)
    return MatrixTile(
      rows: min(rows, shape.rows), columns: min(columns, shape.columns), lanes: 1, parts: 1)
  }

  /// The vectors of a tile that is cut to some columns: whole ones, then halves and quarters, then numbers.
  func split(_ columns: Int) -> [Vector] {
    var result: [Vector] = []
    var offset = 0
    var lanes = self.lanes
    while offset < columns {
      while lanes > columns - offset { lanes = lanes > 4 ? lanes / 2 : 1 }
      result.append(Vector(offset: offset, lanes: lanes))
      offset += lanes
    }
    return result
  }
}

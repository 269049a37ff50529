// SPDX-License-Identifier: Apache-2.0
import LoopIR

/// A tile of a matrix product's result while a kernel loops over them.
struct ResultTile {
  /// The position of the product among those of the batch.
  let outer: [Index]
  /// The first row.
  let row: Index
  let rows: Int
  /// The number of the tile along the columns.
  let number: Index
  let columns: Int
}

extension MatrixShape {
  /// Loops over tiles of so many rows by so many columns (or vectors of columns), those at the ends smaller.
  ///
  /// - Parameter count: How many columns, or vectors of columns, there are.
  func tiles(
    rows height: Int, columns count: Int, by width: Int, _ k: inout KernelBuilder,
    _ body: (inout KernelBuilder, ResultTile) -> Void
  ) {
    k.loops([], batch) { k, outer in
      for columns in RegisterTile.tiles(of: count, by: width) {
        k.loop("nt", columns.range) { k, nt in
          for rows in RegisterTile.tiles(of: self.rows, by: height) {
            k.loop("mt", rows.range) { k, mt in
              body(
                &k,
                ResultTile(
                  outer: outer, row: mt * height, rows: rows.size, number: nt,
                  columns: columns.size))
            }
          }
        }
      }
    }
  }
}

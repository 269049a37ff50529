// SPDX-License-Identifier: Apache-2.0
import Targets

/// A tile of accumulators: `rows` × `columns` positions, `vectors` vectors of channels each.
struct RegisterTile: Hashable {
  var rows: Int
  var columns: Int
  var vectors: Int

  var positions: Int { rows * columns }

  /// The tile that computes an output of `height` × `width` positions and `blocks` vectors of channels soonest, by a simple count
  /// of what each step over an input channel costs. Registers hold the accumulators, one row of weights, and a broadcast input.
  static func best(height: Int, width: Int, blocks: Int, on target: Target) -> RegisterTile {
    var best = RegisterTile(rows: 1, columns: 1, vectors: 1)
    var bestCost = Double.infinity
    // Two vectors come first: where costs are equal, they are what compilers handle best.
    for vectors in [2, 3, 1, 4] where vectors <= max(blocks, 1) {
      guard let limit = positionLimit(vectors: vectors, on: target) else { continue }
      for columns in (1...min(width, limit)).reversed() {
        for rows in 1...max(1, columns == width ? min(height, limit / columns) : 1) {
          let tile = RegisterTile(rows: rows, columns: columns, vectors: vectors)
          let cost = tile.cost(height: height, width: width, blocks: blocks)
          if cost < bestCost * 0.995 { (best, bestCost) = (tile, cost) }
        }
      }
    }
    return best
  }

  /// The most positions for which the accumulators stay in registers, nil for shapes that compilers are known to spill.
  private static func positionLimit(vectors: Int, on target: Target) -> Int? {
    let registers = max(target.vectorRegisters, 8)
    let free = (registers - vectors - 1) / vectors
    switch registers {
    case 32...:
      // Measured with 512-bit vectors: 14x2 and 6x4 are good, 28x1 is not; with 128 bits 8x2.
      return target.floatVectorBits >= 512 ? min(free, vectors == 1 ? 14 : 28) : min(free, 8)
    case 16...: return vectors > 2 ? nil : min(free, vectors == 1 ? 12 : 6)
    default: return vectors > 2 ? nil : free
    }
  }

  /// Cycles for one input channel and tap: two multiply-adds and two loads in each, sums take 4.
  private var step: Double {
    let sums = Double(positions * vectors)
    let loads = Double(positions + vectors)
    return max(sums / 2, loads / 2, 4) + 0.7
  }

  private func cost(height: Int, width: Int, blocks: Int) -> Double {
    var sum = 0.0
    for (rowCount, rows) in Self.runs(of: height, by: rows) {
      for (columnCount, columns) in Self.runs(of: width, by: columns) {
        for (count, vectors) in Self.runs(of: blocks, by: vectors) {
          let part = RegisterTile(rows: rows, columns: columns, vectors: vectors)
          sum += Double(rowCount * columnCount * count) * part.step
        }
      }
    }
    return sum
  }

  private static func runs(of extent: Int, by size: Int) -> [(count: Int, size: Int)] {
    [(extent / size, size), (1, extent % size)].filter { $0.0 > 0 && $0.1 > 0 }
  }

  /// An extent cut into tiles of `size` and what is left: the first tile's position in units of tiles, the number of tiles, and the
  /// size of each.
  static func tiles(of extent: Int, by size: Int) -> [(range: Range<Int>, size: Int)] {
    let whole = extent / size
    return [(0..<whole, size), (whole..<whole + 1, extent % size)].filter {
      !$0.0.isEmpty && $0.1 > 0
    }
  }
}

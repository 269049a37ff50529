// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors

/// The loops of a convolution by vectors of dot products.
struct DotConvolutionBody {
  let shape: ConvolutionShape
  let plane: OutputPlane
  let tile: RegisterTile
  let weights: DotWeights
  /// Channels in a block of the input; 1 if they all lie side by side.
  let block: Int
  let x: TensorParameter
  let w: TensorParameter
  let y: TensorParameter
  let start: TensorParameter
  let epilogue: Epilogue
  /// The convolution's result.
  let value: ValueID

  private var lanes: Int { weights.lanes }

  /// What a tile computes: its first position, its number among the tiles of outputs, and its size.
  private struct Place {
    let batch: Index
    let depth: Index
    let row: Index
    let column: Index
    let size: RegisterTile
  }

  func build(_ k: inout KernelBuilder) {
    let blocks = (shape.weight.shape[0] + lanes - 1) / lanes
    k.loop("n", 0..<shape.batch) { k, n in
      for depth in RegisterTile.tiles(of: blocks, by: tile.vectors) {
        k.loop("ot", depth.range) { k, ot in
          for rows in RegisterTile.tiles(of: plane.height, by: tile.rows) {
            k.loop("oy", rows.range) { k, oy in
              for columns in RegisterTile.tiles(of: plane.width, by: tile.columns) {
                k.loop("ox", columns.range) { k, ox in
                  compute(
                    Place(
                      batch: n, depth: ot, row: oy * tile.rows, column: ox * tile.columns,
                      size: RegisterTile(
                        rows: rows.size, columns: columns.size, vectors: depth.size)), &k)
                }
              }
            }
          }
        }
      }
    }
  }

  private func compute(_ place: Place, _ k: inout KernelBuilder) {
    let (positions, vectors) = (place.size.positions, place.size.vectors)
    let channel = place.depth * (tile.vectors * lanes)
    let zero = Expression.integer(0, ValueType(.i32, lanes: lanes))
    let sums = k.registers("acc", [positions, vectors], initial: zero)
    for v in 0..<vectors {
      let first = k.bind("b", k.load(start, [channel + v * lanes], lanes: lanes))
      for p in 0..<positions { k.set(sums, [Index(p), Index(v)], first) }
    }
    k.loops(["ky", "kx"].suffix(shape.axes.count), shape.axes.map(\.kernel)) { k, taps in
      groups(&k) { k, group, channel in accumulate(sums, place, taps, group, channel, &k) }
    }
    for p in 0..<positions {
      for v in 0..<vectors {
        let position = plane.output(
          place.batch, channel + v * lanes, row(p, place), column(p, place))
        let result = epilogue.apply(
          [value: .register(sums, [Index(p), Index(v)])], at: position, lanes: lanes, kernel: &k)
        k.store(y, position, result)
      }
    }
  }

  private func row(_ p: Int, _ place: Place) -> Index { place.row + p / place.size.columns }
  private func column(_ p: Int, _ place: Place) -> Index { place.column + p % place.size.columns }

  /// Loops over the groups of four channels, block by block of the input; the body gets a group's number and first channel.
  private func groups(
    _ k: inout KernelBuilder, _ body: (inout KernelBuilder, Index, Index) -> Void
  ) {
    guard block > 4 else {
      return k.loop("ic", 0..<weights.groups) { k, group in body(&k, group, group * 4) }
    }
    for run in RegisterTile.tiles(of: weights.groups, by: block / 4) {
      k.loop("ib", run.range) { k, ib in
        k.loop("ic", 0..<run.size) { k, ic in
          body(&k, ib * (block / 4) + ic, ib * block + ic * 4)
        }
      }
    }
  }

  private func accumulate(
    _ sums: RegisterArray, _ place: Place, _ taps: [Index], _ group: Index, _ channel: Index,
    _ k: inout KernelBuilder
  ) {
    let form = weights.form
    let tap = zip(taps, shape.axes).reduce(Index(0)) { $0 * $1.1.kernel + $1.0 }
    for step in 0..<form.stepCount {
      let factors = (0..<place.size.vectors).map { v in
        k.bind(
          "w",
          weights.load(w, tile: place.depth, tap: tap, group: group, step: step, vector: v, k))
      }
      for p in 0..<place.size.positions {
        let coordinates = plane.input(
          place.batch, channel, row(p, place), column(p, place), taps: taps)
        let input = k.bind("x", form.factor(x, at: coordinates, step: step, lanes: lanes, k))
        for (v, factor) in factors.enumerated() {
          let place = [Index(p), Index(v)]
          k.set(sums, place, form.sum(.register(sums, place), input, factor))
        }
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors

/// The loops of the blocked convolution.
struct BlockedConvolutionBody {
  let shape: ConvolutionShape
  let plane: OutputPlane
  let tile: RegisterTile
  let lanes: Int
  let channels: GroupedChannels
  /// Channels in a block of the input; 1 if it is planar.
  let block: Int
  let x: TensorParameter
  let w: TensorParameter
  let y: TensorParameter
  let start: AccumulatorStart
  let epilogue: Epilogue
  /// The convolution's result.
  let value: ValueID

  /// What a tile computes: its first position and channel, and its size.
  private struct Place {
    let batch: Index
    let channel: Index
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
                      batch: n, channel: ot * (tile.vectors * lanes), row: oy * tile.rows,
                      column: ox * tile.columns,
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
    let sums = k.registers("acc", [positions, vectors], initial: start.zero)
    for v in 0..<vectors {
      let first = k.bind("b", start.value(at: place.channel + v * lanes, k))
      for p in 0..<positions { k.set(sums, [Index(p), Index(v)], first) }
    }
    inputs(place, &k) { k, input, taps in accumulate(sums, place, input, taps, &k) }
    for p in 0..<positions {
      for v in 0..<vectors {
        let position = plane.output(
          place.batch, place.channel + v * lanes, row(p, place), column(p, place))
        let result = epilogue.apply(
          [value: .register(sums, [Index(p), Index(v)])], at: position, lanes: lanes, kernel: &k)
        k.store(y, position, result)
      }
    }
  }

  private func row(_ p: Int, _ place: Place) -> Index { place.row + p / place.size.columns }
  private func column(_ p: Int, _ place: Place) -> Index { place.column + p % place.size.columns }

  /// Loops over the input channels (counted from the tile's first one) and the taps in the order of the weights.
  private func inputs(
    _ place: Place, _ k: inout KernelBuilder,
    _ body: (inout KernelBuilder, Index, [Index]) -> Void
  ) {
    func taps(_ k: inout KernelBuilder, _ inner: (inout KernelBuilder, [Index]) -> Void) {
      k.loops(["ky", "kx"].suffix(shape.axes.count), shape.axes.map(\.kernel), inner)
    }
    let first = channels.start(at: place.channel)
    let count = channels.count(from: first)
    guard let constant = count.constantValue, block > 1 else {
      k.loop("ic", from: Bound(0), to: count, within: 0..<channels.window) { k, ic in
        taps(&k) { k, taps in body(&k, ic, taps) }
      }
      return
    }
    for run in RegisterTile.tiles(of: constant, by: block) {
      k.loop("ib", run.range) { k, ib in
        taps(&k) { k, taps in
          k.loop("ic", 0..<run.size) { k, ic in body(&k, ib * block + ic, taps) }
        }
      }
    }
  }

  private func accumulate(
    _ sums: RegisterArray, _ place: Place, _ input: Index, _ taps: [Index],
    _ k: inout KernelBuilder
  ) {
    let weights = (0..<place.size.vectors).map { v in
      k.bind("w", k.load(w, [place.channel + v * lanes, input] + taps, lanes: lanes))
    }
    let channel = channels.start(at: place.channel) + input
    for p in 0..<place.size.positions {
      let coordinates = plane.input(
        place.batch, channel, row(p, place), column(p, place), taps: taps)
      let factor = k.bind("x", k.load(x, coordinates).splat(lanes))
      for (v, weight) in weights.enumerated() {
        let place = [Index(p), Index(v)]
        k.set(sums, place, Expression.register(sums, place).adding(factor, times: weight))
      }
    }
  }
}

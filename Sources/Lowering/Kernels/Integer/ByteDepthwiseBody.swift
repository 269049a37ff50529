// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors

/// The loops of a convolution of each channel by itself.
struct ByteDepthwiseBody {
  let shape: ConvolutionShape
  let x: TensorParameter
  let w: TensorParameter
  let y: TensorParameter
  let inputZero: ZeroPoint
  let start: AccumulatorStart
  let epilogue: Epilogue
  /// The convolution's result.
  let value: ValueID

  /// The output positions that are computed together.
  private struct Place {
    let batch: Index
    let channel: Index
    let row: Index
    let column: Index
    let pixels: Int
    /// Whether taps need not be clipped along rows and columns.
    let isInside: (rows: Bool, columns: Bool)
  }

  private static let mostPixels = 4

  private var horizontal: SpatialAxis { shape.axes[shape.axes.count - 1] }
  private var vertical: SpatialAxis { shape.axes.count == 2 ? shape.axes[0] : .single }

  /// Coordinates with a channel, without the row where there is one axis.
  private func coordinates(_ n: Index, _ c: Index, _ row: Index, _ column: Index) -> [Index] {
    shape.axes.count == 2 ? [n, c, row, column] : [n, c, column]
  }

  func build(_ k: inout KernelBuilder) {
    k.loop("n", 0..<shape.batch) { k, n in
      for rows in vertical.segments {
        k.loop("oy", rows.range) { k, row in
          for columns in horizontal.segments {
            let size = columns.isInterior ? Self.mostPixels : 1
            for run in RegisterTile.tiles(of: columns.range.count, by: size) {
              k.loop("ox", run.range) { k, i in
                k.loop("c", 0..<shape.groups) { k, c in
                  compute(
                    Place(
                      batch: n, channel: c, row: row,
                      column: i * size + columns.range.lowerBound, pixels: run.size,
                      isInside: (rows.isInterior, columns.isInterior)), &k)
                }
              }
            }
          }
        }
      }
    }
  }

  private func compute(_ place: Place, _ k: inout KernelBuilder) {
    let sums = k.registers(
      "acc", [place.pixels], initial: k.bind("b", start.value(at: place.channel, k)))
    if place.isInside.rows {
      for tap in 0..<vertical.kernel { row(sums, place, Index(tap), &k) }
    } else {
      let bounds = vertical.taps(at: place.row)
      k.loop("ky", from: bounds.from, to: bounds.to, within: 0..<vertical.kernel) { k, tap in
        row(sums, place, tap, &k)
      }
    }
    for p in 0..<place.pixels {
      let position = coordinates(place.batch, place.channel, place.row, place.column + p)
      let result = epilogue.apply(
        [value: .register(sums, [Index(p)])], at: position, lanes: 1, kernel: &k)
      k.store(y, position, result)
    }
  }

  /// The products of the taps of a row.
  private func row(
    _ sums: RegisterArray, _ place: Place, _ ky: Index, _ k: inout KernelBuilder
  ) {
    let row = vertical.coordinate(place.row, tap: ky)
    func input(_ k: inout KernelBuilder, _ column: Index) -> Expression {
      let number = k.load(x, coordinates(place.batch, place.channel, row, column))
      return k.bind("x", inputZero.subtracted(from: number.converted(to: .i32), at: 0, k))
    }
    func weight(_ k: inout KernelBuilder, _ kx: Index) -> Expression {
      let taps = shape.axes.count == 2 ? [ky, kx] : [kx]
      return k.bind("w", k.load(w, [place.channel, 0] + taps).converted(to: .i32))
    }
    func add(_ k: inout KernelBuilder, _ p: Int, _ x: Expression, _ w: Expression) {
      k.set(sums, [Index(p)], .register(sums, [Index(p)]) + x * w)
    }
    guard place.isInside.columns else {
      let bounds = horizontal.taps(at: place.column)
      let taps = 0..<horizontal.kernel
      return k.loop("kx", from: bounds.from, to: bounds.to, within: taps) { k, tap in
        let column = horizontal.coordinate(place.column, tap: tap)
        add(&k, 0, input(&k, column), weight(&k, tap))
      }
    }
    let weights = (0..<horizontal.kernel).map { weight(&k, Index($0)) }
    // Column by column, so that an input serves all taps that meet it and is then done with.
    var products: [Int: [(pixel: Int, tap: Int)]] = [:]
    for p in 0..<place.pixels {
      for tap in 0..<horizontal.kernel {
        products[p * horizontal.stride + tap * horizontal.dilation, default: []].append((p, tap))
      }
    }
    for (offset, pairs) in products.sorted(by: { $0.key < $1.key }) {
      let column = horizontal.coordinate(place.column, tap: 0) + offset
      let number = input(&k, column)
      for (pixel, tap) in pairs { add(&k, pixel, number, weights[tap]) }
    }
  }
}

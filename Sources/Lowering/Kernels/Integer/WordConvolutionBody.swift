// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors

/// The loops of a convolution over words of bytes.
struct WordConvolutionBody {
  let shape: ConvolutionShape
  let sum: WordSum
  let y: TensorParameter
  let start: AccumulatorStart
  let epilogue: Epilogue
  /// The convolution's result.
  let value: ValueID

  /// The output positions that a tile computes.
  private struct Place {
    let batch: Index
    let group: Index
    /// The first output channel.
    let channel: Index
    let units: Int
    /// The position along the axis in front of the last; nil if there is one axis.
    let row: Index?
    /// The first position along the last axis.
    let column: Index
    let pixels: Int
    /// Whether no tap along the last axis is clipped.
    let isInterior: Bool
  }

  private var last: SpatialAxis { shape.axes[shape.axes.count - 1] }

  /// Output channels in a tile: more if there is a single position.
  private var units: Int {
    let isPoint = shape.axes.allSatisfy { $0.output == 1 }
    return min(isPoint ? 4 : 2, shape.outputs)
  }

  /// Whether the taps of a row read one run of bytes.
  private var isJoined: Bool {
    shape.groups == 1 && last.dilation == 1
      && sum.x.layout.stride(along: shape.axes.count + 1) == shape.inputs
  }

  func build(_ k: inout KernelBuilder) {
    let rows = shape.axes.count == 2 ? shape.axes[0].output : 1
    k.loops(["n", "g"], [shape.batch, shape.groups]) { k, outer in
      for run in RegisterTile.tiles(of: shape.outputs, by: units) {
        k.loop("ot", run.range) { k, ot in
          let channel = outer[1] * shape.outputs + ot * units
          k.loop("oy", 0..<rows) { k, oy in
            columns(&k) { k, column, pixels, isInterior in
              compute(
                Place(
                  batch: outer[0], group: outer[1], channel: channel, units: run.size,
                  row: shape.axes.count == 2 ? oy : nil, column: column, pixels: pixels,
                  isInterior: isInterior), &k)
            }
          }
        }
      }
    }
  }

  /// The last axis in tiles: two positions where all taps are inside, single ones elsewhere.
  private func columns(
    _ k: inout KernelBuilder, _ body: (inout KernelBuilder, Index, Int, Bool) -> Void
  ) {
    for segment in last.segments {
      for run in RegisterTile.tiles(of: segment.range.count, by: segment.isInterior ? 2 : 1) {
        k.loop("ox", run.range) { k, i in
          body(
            &k, i * (segment.isInterior ? 2 : 1) + segment.range.lowerBound, run.size,
            segment.isInterior)
        }
      }
    }
  }

  private func compute(_ place: Place, _ k: inout KernelBuilder) {
    let sums = k.registers("acc", [place.pixels, place.units], initial: start.zero)
    for u in 0..<place.units {
      let first = k.bind("b", start.value(at: place.channel + u, k))
      for p in 0..<place.pixels { k.set(sums, [Index(p), Index(u)], first) }
    }
    rows(place, &k) { k, taps in runs(sums, place, taps, &k) }
    for p in 0..<place.pixels {
      for u in 0..<place.units {
        let position =
          [place.batch, place.channel + u] + (place.row.map { [$0] } ?? []) + [place.column + p]
        let result = epilogue.apply(
          [value: .register(sums, [Index(p), Index(u)])], at: position, lanes: 1, kernel: &k)
        k.store(y, position, result)
      }
    }
  }

  /// Loops over the taps along the axis in front of the last.
  private func rows(
    _ place: Place, _ k: inout KernelBuilder, _ body: (inout KernelBuilder, [Index]) -> Void
  ) {
    guard let row = place.row else { return body(&k, []) }
    let bounds = shape.axes[0].taps(at: row)
    k.loop("ky", from: bounds.from, to: bounds.to, within: 0..<shape.axes[0].kernel) { k, tap in
      body(&k, [tap])
    }
  }

  /// The runs of bytes that the taps of a row read: one, or one for each tap.
  private func runs(
    _ sums: RegisterArray, _ place: Place, _ taps: [Index], _ k: inout KernelBuilder
  ) {
    func add(_ k: inout KernelBuilder, _ tap: Index, count: Int) {
      let inputs = (0..<place.pixels).map { p in
        let rows = place.row.map { [shape.axes[0].coordinate($0, tap: taps[0])] } ?? []
        let column = last.coordinate(place.column + p, tap: tap)
        return sum.x.at([place.batch, place.group * shape.inputs] + rows + [column])
      }
      let weights = (0..<place.units).map { u in
        sum.w.at([place.channel + u, 0] + taps + [tap])
      }
      sum.add(to: sums, inputs: inputs, weights: weights, count: count, &k)
    }
    if place.isInterior, isJoined {
      return add(&k, 0, count: last.kernel * shape.inputs)
    }
    if place.isInterior {
      return k.loop("kx", 0..<last.kernel) { k, tap in add(&k, tap, count: shape.inputs) }
    }
    let bounds = last.taps(at: place.column)
    k.loop("kx", from: bounds.from, to: bounds.to, within: 0..<last.kernel) { k, tap in
      add(&k, tap, count: shape.inputs)
    }
  }
}

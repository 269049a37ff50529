// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors

/// The loops of the general convolution.
struct GenericConvolutionBody {
  let shape: ConvolutionShape
  let tile: ChannelTile
  let x: TensorParameter
  let w: TensorParameter
  let y: TensorParameter
  let start: AccumulatorStart
  let inputZero: ZeroPoint
  let weightZero: ZeroPoint
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
    /// The position along each spatial axis but the last.
    let outer: [Index]
    /// The first position along the last axis.
    let column: Index
    let pixels: Int
    /// Whether no tap along the last axis is clipped.
    let isInterior: Bool
  }

  func build(_ k: inout KernelBuilder) {
    k.loop("n", 0..<shape.batch) { k, n in
      k.loop("g", 0..<shape.groups) { k, g in
        for run in tile.runs(of: shape.outputs) {
          k.loop("ot", run.tiles) { k, ot in
            let channel = g * shape.outputs + ot * tile.channels
            k.loops(["oz", "oy"].suffix(shape.axes.count - 1), shape.axes.dropLast().map(\.output)) {
              k, outer in
              columns(&k) { k, column, pixels, isInterior in
                compute(
                  Place(
                    batch: n, group: g, channel: channel, units: run.units, outer: outer,
                    column: column, pixels: pixels, isInterior: isInterior), &k)
              }
            }
          }
        }
      }
    }
  }

  /// The last axis in tiles: several positions where all taps are inside, single ones elsewhere.
  private func columns(
    _ k: inout KernelBuilder, _ body: (inout KernelBuilder, Index, Int, Bool) -> Void
  ) {
    for segment in shape.axes[shape.axes.count - 1].segments {
      let pixels = segment.isInterior ? min(tile.pixels, segment.range.count) : 1
      let tiles = segment.range.count / pixels
      let first = segment.range.lowerBound
      k.loop("ox", 0..<tiles) { k, i in
        body(&k, i * pixels + first, pixels, segment.isInterior)
      }
      k.loop("ox", first + tiles * pixels..<segment.range.upperBound) { k, i in
        body(&k, i, 1, segment.isInterior)
      }
    }
  }

  private func compute(_ place: Place, _ k: inout KernelBuilder) {
    let sums = k.registers("acc", [place.pixels, place.units], initial: start.zero)
    for u in 0..<place.units {
      let first = k.bind("b", start.value(at: place.channel + u * tile.lanes, k))
      for p in 0..<place.pixels { k.set(sums, [Index(p), Index(u)], first) }
    }
    taps(place, [], &k) { k, taps in
      k.loop("ic", 0..<shape.inputs) { k, ic in
        accumulate(sums, place, taps, ic, &k)
      }
    }
    for p in 0..<place.pixels {
      for u in 0..<place.units {
        let position =
          [place.batch, place.channel + u * tile.lanes] + place.outer + [place.column + p]
        let result = epilogue.apply(
          [value: .register(sums, [Index(p), Index(u)])], at: position, lanes: tile.lanes,
          kernel: &k)
        k.store(y, position, result)
      }
    }
  }

  /// Loops over the taps that read the input.
  private func taps(
    _ place: Place, _ taps: [Index], _ k: inout KernelBuilder,
    _ body: (inout KernelBuilder, [Index]) -> Void
  ) {
    guard taps.count < shape.axes.count else { return body(&k, taps) }
    let axis = shape.axes[taps.count]
    let isLast = taps.count == shape.axes.count - 1
    if isLast && place.isInterior {
      let kind: LoopKind = axis.kernel * shape.inputs <= 8 ? .unrolled : .serial
      k.loop("k\(taps.count)", 0..<axis.kernel, kind) { k, tap in
        self.taps(place, taps + [tap], &k, body)
      }
      return
    }
    let bounds = axis.taps(at: isLast ? place.column : place.outer[taps.count])
    k.loop("k\(taps.count)", from: bounds.from, to: bounds.to, within: 0..<axis.kernel) { k, tap in
      self.taps(place, taps + [tap], &k, body)
    }
  }

  private func accumulate(
    _ sums: RegisterArray, _ place: Place, _ taps: [Index], _ ic: Index,
    _ k: inout KernelBuilder
  ) {
    let element = start.type.element
    var weights: [Expression] = []
    for u in 0..<place.units {
      let channel = place.channel + u * tile.lanes
      let load = k.load(w, [channel, ic] + taps, lanes: tile.lanes).converted(to: element)
      weights.append(k.bind("w", weightZero.subtracted(from: load, at: channel, k)))
    }
    for p in 0..<place.pixels {
      var coordinates = [place.batch, place.group * shape.inputs + ic]
      for (axis, tap) in zip(shape.axes.indices, taps) {
        let isLast = axis == shape.axes.count - 1
        let output = isLast ? place.column + p : place.outer[axis]
        coordinates.append(shape.axes[axis].coordinate(output, tap: tap))
      }
      let load = k.load(x, coordinates).converted(to: element)
      let input = k.bind("x", inputZero.subtracted(from: load, at: 0, k)).splat(tile.lanes)
      for u in 0..<place.units {
        let place = [Index(p), Index(u)]
        k.set(sums, place, Expression.register(sums, place).adding(input, times: weights[u]))
      }
    }
  }
}

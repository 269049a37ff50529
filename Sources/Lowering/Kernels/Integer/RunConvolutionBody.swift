// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors

/// The loops of a convolution along runs of numbers.
struct RunConvolutionBody {
  let shape: ConvolutionShape
  let plane: OutputPlane
  /// Numbers that lie side by side: those of a row of taps, or of a tap.
  let run: Int
  let sum: RunSum
  let x: TensorParameter
  /// Where the inputs of a tile's positions are copied together; nil if they are read where they are.
  let copy: TensorParameter?
  let y: TensorParameter
  let start: TensorParameter
  let epilogue: Epilogue
  /// The convolution's result.
  let value: ValueID

  /// The positions that a tile computes.
  private struct Place {
    let batch: Index
    let group: Index
    let row: Index
    let column: Index
    let pixels: Int
  }

  /// Positions in a tile.
  static let pixels = 2

  private var weights: RunWeights { sum.weights }

  func build(_ k: inout KernelBuilder) {
    clearTails(&k)
    k.loops(["n", "g", "oy"], [shape.batch, shape.groups, plane.height]) { k, outer in
      for run in RegisterTile.tiles(of: plane.width, by: Self.pixels) {
        k.loop("ox", run.range) { k, ox in
          let place = Place(
            batch: outer[0], group: outer[1], row: outer[2], column: ox * Self.pixels,
            pixels: run.size)
          gather(place, &k)
          for units in RegisterTile.tiles(of: shape.outputs, by: weights.units) {
            k.loop("ot", units.range) { k, ot in compute(place, ot, units: units.size, &k) }
          }
        }
      }
    }
  }

  private func compute(
    _ place: Place, _ ot: Index, units: Int, _ k: inout KernelBuilder
  ) {
    let channel = place.group * shape.outputs + ot * weights.units
    let sums = k.registers(
      "acc", [place.pixels, units], initial: .integer(0, ValueType(.i32)))
    for u in 0..<units {
      let first = k.bind("b", k.load(start, [channel + u]))
      for p in 0..<place.pixels { k.set(sums, [Index(p), Index(u)], first) }
    }
    let tile = place.group * weights.tiles + ot
    if let copy {
      let inputs = (0..<place.pixels).map { copy.at([Index($0), 0]) }
      sum.add(to: sums, copy.buffer, inputs: inputs, tile: tile, run: 0, units: units, &k)
    } else {
      runs(&k) { k, taps, run in
        let inputs = (0..<place.pixels).map { input(place, $0, taps) }
        sum.add(to: sums, x.buffer, inputs: inputs, tile: tile, run: run, units: units, &k)
      }
    }
    for p in 0..<place.pixels {
      for u in 0..<units {
        let position = plane.output(place.batch, channel + u, place.row, place.column + p)
        let result = epilogue.apply(
          [value: .register(sums, [Index(p), Index(u)])], at: position, lanes: 1, kernel: &k)
        k.store(y, position, result)
      }
    }
  }

  /// The first number of the run that a tap of a position reads.
  private func input(_ place: Place, _ p: Int, _ taps: [Index]) -> Index {
    x.at(
      plane.input(
        place.batch, place.group * shape.inputs, place.row, place.column + p, taps: taps))
  }

  /// Loops over the runs of a position; the body gets the first tap of a run and the run's number.
  private func runs(
    _ k: inout KernelBuilder, _ body: (inout KernelBuilder, [Index], Index) -> Void
  ) {
    let columns = shape.axes[shape.axes.count - 1].kernel
    let taps = shape.axes.dropLast().map(\.kernel) + [run == shape.inputs ? columns : 1]
    k.loops(["ky", "kx"].suffix(taps.count), taps) { k, taps in
      let number = zip(taps, shape.axes).dropFirst().reduce(taps[0]) { sum, next in
        run == shape.inputs ? sum * next.1.kernel + next.0 : sum
      }
      body(&k, taps, number)
    }
  }

  /// Copies what the positions of a tile read.
  private func gather(_ place: Place, _ k: inout KernelBuilder) {
    guard let copy else { return }
    runs(&k) { k, taps, number in
      for p in 0..<place.pixels {
        let source = input(place, p, taps)
        let target = copy.at([Index(p), number * run])
        var done = 0
        for lanes in weights.form == .bytes ? [16, 4, 1] : [2, 1] {
          let count = (run - done) / lanes
          k.loop("r", 0..<count) { k, r in
            let offset = r * lanes + done
            k.store(copy.buffer, target + offset, k.load(x.buffer, source + offset, lanes: lanes))
          }
          done += count * lanes
        }
      }
    }
  }

  /// Sets what is behind the copied inputs in their last vector; its weights are 0.
  private func clearTails(_ k: inout KernelBuilder) {
    guard let copy else { return }
    let length = weights.length
    k.loops(["p", "r"], [Self.pixels, weights.vectors * weights.lanes - length]) { k, place in
      k.store(
        copy, [place[0], place[1] + length], .integer(0, ValueType(shape.input.element)))
    }
  }
}

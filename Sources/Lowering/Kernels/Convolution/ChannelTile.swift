// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Targets
import Tensors

/// How many accumulators a general kernel keeps: `pixels` positions times `units` vectors (or numbers) of output channels.
struct ChannelTile: Hashable {
  /// Channels in a vector; 1 for plain numbers.
  let lanes: Int
  var units: Int
  var pixels: Int

  /// Channels in a tile.
  var channels: Int { lanes * units }

  /// The tile for results of an element type with `outputs` channels in each of `groups` groups.
  init(_ element: ElementType, outputs: Int, groups: Int, on target: Target) {
    let width = element == .f32 ? target.lanes(32) : 1
    lanes = groups == 1 || outputs % width == 0 ? width : 1
    let registers =
      lanes > 1
      ? target.vectorRegisters
      : element.isFloat && target.floatUnit != .none
        ? max(target.floatRegisters, 8) : target.integerRegisters
    (units, pixels) =
      registers >= 24 ? (4, 4) : registers >= 14 ? (4, 2) : registers >= 10 ? (2, 2) : (2, 1)
    // Groups are not crossed, and tiles start at a multiple of their size.
    let vectors = (outputs + lanes - 1) / lanes
    if groups > 1 {
      units = (1...units).last { vectors % $0 == 0 } ?? 1
    } else {
      units = (units / 2...units).last { $0 > 0 && vectors % $0 == 0 } ?? units
    }
    units = min(units, max(vectors, 1))
  }

  /// The tiles of `outputs` channels: a run of whole ones, and what is left.
  func runs(of outputs: Int) -> [(tiles: Range<Int>, units: Int)] {
    let vectors = (outputs + lanes - 1) / lanes
    let whole = vectors / units
    return [(0..<whole, units), (whole..<whole + 1, vectors % units)].filter {
      !$0.0.isEmpty && $0.1 > 0
    }
  }
}

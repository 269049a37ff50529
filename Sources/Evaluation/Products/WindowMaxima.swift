// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// The largest element of each window of each channel, and where it is. A NaN is larger than all
/// numbers; of equals the first counts; padding never does.
struct WindowMaxima<Number: WideNumber> {
  let input: Tensor
  let offsets: WindowOffsets

  /// Calls `body` for ranges of output positions with the number of the plane (image · channels +
  /// channel), the maxima and their offsets in the plane, −1 where a window has only padding.
  func forEach(
    _ body: (
      _ plane: Int, _ positions: Range<Int>, _ maxima: UnsafeMutablePointer<Number>,
      _ places: UnsafeMutablePointer<Int>
    ) -> Void
  ) {
    let planes = input.shape[0] * input.shape[1]
    let size = input.shape.extents[2...].reduce(1, *)
    let lowest = Number.lowest(of: input.element)
    let block = offsets.block(256)
    withUnsafeTemporaryAllocation(of: Number.self, capacity: 2 * block) { numbers in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: block) { indices in
        let (maxima, run) = (numbers.baseAddress!, numbers.baseAddress! + block)
        let places = indices.baseAddress!
        for first in stride(from: 0, to: offsets.positionCount, by: block) {
          let positions = first..<min(first + block, offsets.positionCount)
          let table = offsets.offsets(positions)
          table.withUnsafeBufferPointer { table in
            for plane in 0..<planes {
              maxima.update(repeating: lowest, count: positions.count)
              places.update(repeating: -1, count: positions.count)
              for tap in 0..<offsets.tapCount {
                let line = table.baseAddress! + tap * positions.count
                input.gather(
                  run, at: plane * size, offsets: line, count: positions.count, absent: lowest)
                take(run, line, positions.count, maxima, places)
              }
              body(plane, positions, maxima, places)
            }
          }
        }
      }
    }
  }

  private func take(
    _ run: UnsafePointer<Number>, _ line: UnsafePointer<Int>, _ count: Int,
    _ maxima: UnsafeMutablePointer<Number>, _ places: UnsafeMutablePointer<Int>
  ) {
    let element = input.element
    for i in 0..<count where line[i] >= 0 {
      let (new, old) = (Number.ordered(run[i], element), Number.ordered(maxima[i], element))
      // Only a NaN differs from itself.
      if places[i] < 0 || new > old || new != new && old == old {
        maxima[i] = run[i]
        places[i] = line[i]
      }
    }
  }
}

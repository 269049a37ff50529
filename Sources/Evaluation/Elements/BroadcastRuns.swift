// SPDX-License-Identifier: Apache-2.0
import Tensors

/// The elements of a result in row-major order, cut into runs along which every operand advances by
/// a fixed step, 0 where it is repeated. Axes that all operands pass through alike are joined
/// first, so that runs are long.
struct BroadcastRuns {
  /// The most elements of a run: few enough that the numbers of a run stay in the cache.
  static let longest = 2048

  /// How far each operand advances from one element of a run to the next.
  let steps: [Int]
  private var extents: [Int] = []
  /// For each joined axis the strides of the operands.
  private var strides: [[Int]] = []
  private let length: Int
  private let count: Int

  /// Runs of a result of operands that broadcast to it.
  init(result: Shape, operands: [Shape]) {
    let views = operands.map { Self.strides(of: $0, in: result) }
    for axis in 0..<result.rank where result[axis] != 1 {
      let own = views.map { $0[axis] }
      let joins = !strides.isEmpty
        && zip(strides[strides.count - 1], own).allSatisfy { $0 == $1 * result[axis] }
      if joins {
        extents[extents.count - 1] *= result[axis]
        strides[strides.count - 1] = own
      } else {
        extents.append(result[axis])
        strides.append(own)
      }
    }
    steps = strides.popLast() ?? operands.map { _ in 0 }
    length = extents.popLast() ?? 1
    count = result.elementCount
  }

  /// The stride of an operand for each axis of the result; 0 where it is repeated.
  private static func strides(of operand: Shape, in result: Shape) -> [Int] {
    let missing = result.rank - operand.rank
    let own = operand.rowMajorStrides
    return (0..<result.rank).map { axis in
      axis < missing || operand[axis - missing] == 1 ? 0 : own[axis - missing]
    }
  }

  /// Calls `body` for each run with the index of its first element in the result and in each
  /// operand, and with its length.
  func forEach(_ body: (_ start: Int, _ operands: [Int], _ count: Int) -> Void) {
    guard count > 0 else { return }
    var position = [Int](repeating: 0, count: extents.count)
    var starts = [Int](repeating: 0, count: steps.count)
    var start = 0
    while true {
      var done = 0
      while done < length {
        let part = min(Self.longest, length - done)
        body(start + done, zip(starts, steps).map { $0 + done * $1 }, part)
        done += part
      }
      start += length
      var axis = extents.count - 1
      while axis >= 0 {
        position[axis] += 1
        for i in starts.indices { starts[i] += strides[axis][i] }
        if position[axis] < extents[axis] { break }
        for i in starts.indices { starts[i] -= strides[axis][i] * extents[axis] }
        position[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
  /// Calls `body` for each element with its index in the result and in each operand.
  func forEachElement(_ body: (_ index: Int, _ operands: [Int]) -> Void) {
    forEach { start, operands, count in
      for i in 0..<count { body(start + i, zip(operands, steps).map { $0 + i * $1 }) }
    }
  }
}

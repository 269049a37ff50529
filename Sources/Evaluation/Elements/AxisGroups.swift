// SPDX-License-Identifier: Apache-2.0
import Tensors

/// The elements of a tensor in groups: those that differ only in their positions along some axes
/// are one group. Groups count in row-major order of the other axes.
struct AxisGroups {
  /// The number of elements of a group.
  let groupSize: Int
  /// How far the elements of a run are apart.
  let step: Int
  private let length: Int
  private let runStarts: [Int]
  private let groupTables: [[Int]]

  /// The groups of a shape along axes.
  init(_ shape: Shape, axes: [Int]) {
    // Neighbouring axes of one kind are one axis, so that runs are long.
    var joined: [(extent: Int, isInside: Bool)] = []
    for axis in 0..<shape.rank {
      let isInside = axes.contains(axis)
      if let last = joined.last, last.isInside == isInside {
        joined[joined.count - 1].extent *= shape[axis]
      } else {
        joined.append((shape[axis], isInside))
      }
    }
    var stride = 1
    var inside: [(extent: Int, stride: Int)] = []
    var outside: [[Int]] = []
    for (extent, isInside) in joined.reversed() {
      if isInside {
        inside.append((extent, stride))
      } else {
        outside.append((0..<extent).map { $0 * stride })
      }
      stride *= max(extent, 1)
    }
    groupTables = outside.reversed()
    groupSize = inside.reduce(1) { $0 * $1.extent }
    (length, step) = inside.first ?? (1, 1)
    var starts: [Int] = []
    let outerRuns = inside.dropFirst().reversed().map { axis in
      (0..<axis.extent).map { $0 * axis.stride }
    }
    forEachSum(outerRuns) { starts.append($0 ?? 0) }
    runStarts = starts
  }

  /// Calls `body` for each group with the index of its first element.
  func forEach(_ body: (_ start: Int) -> Void) {
    forEachSum(groupTables) { body($0 ?? 0) }
  }

  /// Calls `body` for each run of a group with the index of its first element and its length.
  func forEachRun(_ start: Int, _ body: (_ first: Int, _ count: Int) -> Void) {
    for runStart in runStarts {
      var done = 0
      while done < length {
        let count = min(BroadcastRuns.longest, length - done)
        body(start + runStart + done * step, count)
        done += count
      }
    }
  }

  /// Calls `body` with the numbers of each run of a group; `room` has place for the longest.
  func forEachRun<Number: WideNumber>(
    _ start: Int, of tensor: Tensor, _ room: UnsafeMutablePointer<Number>,
    _ body: (UnsafeMutableBufferPointer<Number>) -> Void
  ) {
    forEachRun(start) { first, count in
      tensor.load(room, at: first, step: step, count: count)
      body(UnsafeMutableBufferPointer(start: room, count: count))
    }
  }

  /// Changes the numbers of each run of a group and stores them at the same places of a result.
  func rewrite(
    _ start: Int, of tensor: Tensor, _ room: UnsafeMutablePointer<Double>,
    in builder: TensorBuilder, _ body: (UnsafeMutableBufferPointer<Double>) -> Void
  ) {
    forEachRun(start) { first, count in
      tensor.load(room, at: first, step: step, count: count)
      body(UnsafeMutableBufferPointer(start: room, count: count))
      builder.store(UnsafePointer(room), at: first, step: step, count: count)
    }
  }
}

/// Calls `body` with room for the numbers of the longest run.
func withRunRoom<Number: WideNumber>(
  of number: Number.Type, _ body: (UnsafeMutablePointer<Number>) -> Void
) {
  withUnsafeTemporaryAllocation(of: Number.self, capacity: BroadcastRuns.longest) {
    body($0.baseAddress!)
  }
}

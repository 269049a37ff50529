// SPDX-License-Identifier: Apache-2.0

/// The search for the smallest arena by branch and bound.
///
/// Some best placement comes about by placing the allocations in ascending order of their offsets,
/// each as low as those before it allow (any placement can be pushed down to such a one). So
/// an allocation always goes on top of what it is live together with.
struct PlacementSearch {
  /// The most allocations that are searched; also the depth of the recursion.
  static let allocationLimit = 48
  /// How many placings are tried.
  private static let trialLimit = 20_000

  /// The size of the arena to be beaten; the best found.
  private(set) var best: Int
  private var trials = PlacementSearch.trialLimit
  private let target: Int
  private let sizes: [Int]
  /// For two allocations the bytes of the first below the second; 0 if they are never live together.
  private var below: [[Int]]
  /// For each step of the most crowded ones the allocations live there, and their bytes.
  private var crowds: [[(allocation: Int, bytes: Int)]] = []

  /// The lowest place for each allocation that is still to be placed.
  private var floors: [Int]
  private var offsets: [Int]
  private var found: [Int]?

  init(_ lifetimes: Lifetimes, _ conflicts: Conflicts, best: Int) {
    self.best = best
    target = lifetimes.peakBytes
    sizes = lifetimes.allocations.map(\.bytes)
    floors = sizes.map { _ in 0 }
    offsets = sizes.map { _ in -1 }
    below = sizes.map { _ in Array(repeating: 0, count: lifetimes.allocations.count) }
    for (index, list) in conflicts.neighbors.enumerated() {
      for neighbor in list {
        below[index][neighbor.other] = max(below[index][neighbor.other], neighbor.bytes)
      }
    }
    let crowded = lifetimes.live.indices
      .sorted { (-lifetimes.live[$0], $0) < (-lifetimes.live[$1], $1) }
      .prefix(64)
    for position in crowded.sorted() {
      var crowd: [(allocation: Int, bytes: Int)] = []
      for (index, allocation) in lifetimes.allocations.enumerated() {
        let bytes = allocation.tensors
          .filter { lifetimes.first[$0] <= position && position <= lifetimes.last[$0] }
          .map { lifetimes.bytes[$0] }.max()
        if let bytes { crowd.append((index, bytes)) }
      }
      crowds.append(crowd)
    }
  }

  /// Offsets of the allocations for an arena smaller than `best`; nil if none was found.
  mutating func run() -> [Int]? {
    descend(placed: 0, lastOffset: 0, lastIndex: -1, top: 0)
    return found
  }

  private mutating func descend(placed: Int, lastOffset: Int, lastIndex: Int, top: Int) {
    if placed == sizes.count {
      best = top
      found = offsets
      return
    }
    if !isPromising(lastOffset) { return }
    let choices = sizes.indices.filter {
      offsets[$0] < 0 && (floors[$0], $0) > (lastOffset, lastIndex)
    }.sorted { (floors[$0], -sizes[$0], $0) < (floors[$1], -sizes[$1], $1) }
    let saved = floors
    for choice in choices where best > target && trials > 0 {
      let offset = saved[choice]
      let end = offset + sizes[choice]
      if end >= best { continue }
      trials -= 1
      offsets[choice] = offset
      for other in sizes.indices where offsets[other] < 0 && below[choice][other] > 0 {
        floors[other] = max(floors[other], offset + below[choice][other])
      }
      descend(placed: placed + 1, lastOffset: offset, lastIndex: choice, top: max(top, end))
      offsets[choice] = -1
      floors = saved
    }
  }

  /// Whether what is still to be placed may stay below `best`, crowd by crowd.
  private func isPromising(_ lastOffset: Int) -> Bool {
    for crowd in crowds {
      var lowest = Int.max
      var sum = 0
      for (allocation, bytes) in crowd where offsets[allocation] < 0 {
        lowest = min(lowest, floors[allocation])
        sum += bytes
      }
      if sum > 0, max(lowest, lastOffset) + sum >= best { return false }
    }
    return true
  }
}

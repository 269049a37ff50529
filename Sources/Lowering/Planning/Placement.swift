// SPDX-License-Identifier: Apache-2.0

/// An offset for every tensor that needs a place; 0 for the others.
struct Placement {
  var offsets: [Int]
  var arenaBytes: Int
}

extension Lifetimes {
  /// How much work all attempts to place may do, about in pairs of neighbours looked at.
  private static let workLimit = 10_000_000

  /// Places the allocations: several orders of placing, each by first and by best fit, by turns
  /// from both ends, repairs where it is highest, then an exact search where they are few; ends as
  /// soon as the peak is reached, which no placement can beat.
  func place() -> Placement {
    guard let conflicts = Conflicts(self) else { return placeAlongTime() }
    let peak = peakBytes
    let orders = placingOrders()
    var attempts = max(2, Lifetimes.workLimit / (1 + conflicts.count + 8 * allocations.count))
    var best = conflicts.place(orders[0], bestFit: false)
    var bestOrder = orders[0]
    for order in orders {
      for bestFit in [false, true] where best.top > peak && attempts > 0 {
        attempts -= 1
        let found = conflicts.place(order, bestFit: bestFit)
        if found.top < best.top { (best, bestOrder) = (found, order) }
      }
    }
    if best.top > peak, attempts > 0 {
      let found = conflicts.placeByTurns(Array(allocations.indices), limit: peak)
      attempts -= 1
      if found.top < best.top { best = found }
    }
    if best.top > peak {
      var repair = PlacementRepair(self, conflicts, offsets: best.offsets)
      let top = repair.run()
      if top < best.top { best = (repair.offsets, top) }
    }
    // What lies above the peak was placed too late: the more often, the earlier it goes ("squeaky
    // wheel" optimization, Joslin and Clements 1999).
    var order = bestOrder
    var blame = Array(repeating: 0, count: allocations.count)
    for _ in 0..<min(100, attempts) where best.top > peak {
      let found = conflicts.place(order, bestFit: false)
      if found.top < best.top { best = found }
      for index in allocations.indices where found.offsets[index] + allocations[index].bytes > peak {
        blame[index] += 1
      }
      order = bestOrder.indices.map { (-blame[bestOrder[$0]], $0) }.sorted { $0 < $1 }
        .map { bestOrder[$0.1] }
    }
    if best.top > peak, allocations.count <= PlacementSearch.allocationLimit {
      var search = PlacementSearch(self, conflicts, best: best.top)
      if let better = search.run() { best = (better, search.best) }
    }
    return placement(best.offsets, best.top)
  }

  private func placement(_ offsets: [Int], _ top: Int) -> Placement {
    Placement(
      offsets: allocation.map { $0 < 0 ? 0 : offsets[$0] }, arenaBytes: top)
  }

  /// Orders in which allocations are placed: the big, the long-lived, the hard-pressed first; from
  /// the start, from the end.
  private func placingOrders() -> [[Int]] {
    let sizes = allocations.map(\.bytes)
    let spans = allocations.map { $0.last - $0.first }
    let areas = allocations.map { allocation in
      allocation.tensors.reduce(0.0) { $0 + Double(bytes[$1]) * Double(last[$1] - first[$1] + 1) }
    }
    let pressure = allocations.map { live[$0.first...$0.last].max() ?? 0 }
    let all = Array(allocations.indices)
    return [
      all.sorted { (-sizes[$0], -spans[$0], $0) < (-sizes[$1], -spans[$1], $1) },
      all.sorted { (-pressure[$0], -sizes[$0], $0) < (-pressure[$1], -sizes[$1], $1) },
      all.sorted { (-areas[$0], $0) < (-areas[$1], $1) },
      all.sorted { (-spans[$0], -sizes[$0], $0) < (-spans[$1], -sizes[$1], $1) },
      all,
      all.sorted {
        (-allocations[$0].last, -sizes[$0], $0) < (-allocations[$1].last, -sizes[$1], $1)
      },
    ]
  }

  /// The placement for very many lifetimes that overlap: along time, each allocation at the first
  /// gap between those that are live.
  private func placeAlongTime() -> Placement {
    var offsets = Array(repeating: 0, count: allocations.count)
    var active: [Int] = []
    var top = 0
    for (index, allocation) in allocations.enumerated() {
      active.removeAll { allocations[$0].last < allocation.first }
      var offset = 0
      var slot = active.count
      for (position, other) in active.enumerated() {
        if offsets[other] - offset >= allocation.bytes {
          slot = position
          break
        }
        offset = offsets[other] + allocations[other].bytes
      }
      offsets[index] = offset
      active.insert(index, at: slot)
      top = max(top, offset + allocation.bytes)
    }
    return placement(offsets, top)
  }
}

/// Which allocations are live at the same time, tensor by tensor.
struct Conflicts {
  /// The most pairs of tensors that are kept.
  static let pairLimit = 1_000_000

  /// Another allocation; the bytes of this one's tensor and of the other's that are live together.
  struct Neighbor {
    var other: Int
    var bytes: Int
    var otherBytes: Int
  }

  private(set) var neighbors: [[Neighbor]]
  /// How many neighbours there are in all.
  private(set) var count = 0
  private let sizes: [Int]

  /// Finds all pairs; nil if there are too many.
  init?(_ lifetimes: Lifetimes) {
    neighbors = Array(repeating: [], count: lifetimes.allocations.count)
    sizes = lifetimes.allocations.map(\.bytes)
    let tensors = lifetimes.bytes.indices.filter { lifetimes.allocation[$0] >= 0 }
      .sorted { (lifetimes.first[$0], $0) < (lifetimes.first[$1], $1) }
    var active: [Int] = []
    for tensor in tensors {
      active.removeAll { lifetimes.last[$0] < lifetimes.first[tensor] }
      count += active.count
      if count > Conflicts.pairLimit { return nil }
      let own = lifetimes.allocation[tensor]
      for earlier in active where lifetimes.allocation[earlier] != own {
        let other = lifetimes.allocation[earlier]
        let (mine, its) = (lifetimes.bytes[tensor], lifetimes.bytes[earlier])
        neighbors[own].append(Neighbor(other: other, bytes: mine, otherBytes: its))
        neighbors[other].append(Neighbor(other: own, bytes: its, otherBytes: mine))
      }
      active.append(tensor)
    }
  }

  /// Places the allocations in that order, each at its lowest fit, or in the tightest gap.
  func place(_ order: [Int], bestFit: Bool) -> (offsets: [Int], top: Int) {
    var offsets = Array(repeating: -1, count: sizes.count)
    var top = 0
    for allocation in order {
      offsets[allocation] = fit(allocation, offsets, bestFit: bestFit)
      top = max(top, offsets[allocation] + sizes[allocation])
    }
    return (offsets, top)
  }

  /// Places the allocations in that order, by turns from either end of an arena of `limit` bytes,
  /// higher where they do not fit: without gaps where no more than two are live at a time.
  func placeByTurns(_ order: [Int], limit: Int) -> (offsets: [Int], top: Int) {
    var offsets = Array(repeating: -1, count: sizes.count)
    var top = 0
    for (turn, allocation) in order.enumerated() {
      offsets[allocation] = fit(allocation, offsets, below: turn % 2 == 1 ? limit : nil)
      top = max(top, offsets[allocation] + sizes[allocation])
    }
    return (offsets, top)
  }

  /// The place of an allocation among those that have one (others have -1): the lowest, with
  /// `bestFit` in the tightest gap, with `below` the highest that ends there at the latest, if any.
  func fit(
    _ allocation: Int, _ offsets: [Int], bestFit: Bool = false, below limit: Int? = nil
  ) -> Int {
    var blocked: [(low: Int, high: Int)] = []
    for neighbor in neighbors[allocation] where offsets[neighbor.other] >= 0 {
      let base = offsets[neighbor.other]
      blocked.append((base - neighbor.bytes, base + neighbor.otherBytes))
    }
    blocked.sort { $0 < $1 }
    var offset = 0
    var tightest = Int.max
    var chosen = -1
    let highest = limit.map { $0 - sizes[allocation] }
    for (low, high) in blocked {
      if offset <= low {
        if let highest {
          if offset <= highest { chosen = min(low, highest) }
        } else if low - offset < tightest {
          tightest = low - offset
          chosen = offset
          if !bestFit { break }
        }
      }
      offset = max(offset, high)
    }
    if let highest, offset <= highest { return highest }
    return chosen < 0 ? offset : chosen
  }
}

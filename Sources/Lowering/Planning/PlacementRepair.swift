// SPDX-License-Identifier: Apache-2.0

/// Lowers a placement where it is highest: what lies there and what is live around it is taken out
/// and placed anew, in wider and wider neighbourhoods. What it costs depends on how many places are
/// too high, not on how long the problem is.
struct PlacementRepair {
  /// How many allocations may be placed anew in all.
  private static let placingLimit = 300_000
  private static let attempts = 24
  private static let widths = [4, 8, 16, 32, 64]

  private let conflicts: Conflicts
  private let sizes: [Int]
  /// No placement is lower.
  private let peak: Int
  private var random: UInt64 = 0x9E37_79B9_7F4A_7C15
  private var left = PlacementRepair.placingLimit
  private(set) var offsets: [Int]

  init(_ lifetimes: Lifetimes, _ conflicts: Conflicts, offsets: [Int]) {
    self.conflicts = conflicts
    self.offsets = offsets
    sizes = lifetimes.allocations.map(\.bytes)
    peak = lifetimes.peakBytes
  }

  /// Repairs until the peak is reached or the highest allocation stays where it is; returns
  /// the size of the arena.
  mutating func run() -> Int {
    var top = 0
    // Highest first; tops only go down, so that each sweep works through a list made once.
    while true {
      let tops = sizes.indices.map { offsets[$0] + sizes[$0] }
      let before = tops.max() ?? 0
      let high = sizes.indices.filter { tops[$0] > peak }
        .sorted { (-tops[$0], $0) < (-tops[$1], $1) }
      top = before
      for worst in high {
        let own = offsets[worst] + sizes[worst]
        if own <= peak || left <= 0 { continue }
        // What is highest and stays there decides; the rest need not be lower.
        if !lower(worst) { break }
      }
      top = sizes.indices.map { offsets[$0] + sizes[$0] }.max() ?? 0
      if top >= before || top <= peak || left <= 0 { return top }
    }
  }

  /// Whether `worst` and what is around it could be placed lower than `worst` was.
  private mutating func lower(_ worst: Int) -> Bool {
    let limit = offsets[worst] + sizes[worst]
    for width in PlacementRepair.widths {
      let group = neighborhood(of: worst, width)
      let kept = group.map { offsets[$0] }
      var best: (top: Int, offsets: [Int])?
      for attempt in 0..<PlacementRepair.attempts where best.map({ $0.top > peak }) ?? true {
        for member in group { offsets[member] = -1 }
        var top = 0
        for (member, fromTop) in sequence(of: group, attempt) {
          offsets[member] = conflicts.fit(member, offsets, below: fromTop ? peak : nil)
          top = max(top, offsets[member] + sizes[member])
          left -= 1
          if top >= best?.top ?? limit { break }
        }
        if top < best?.top ?? limit { best = (top, group.map { offsets[$0] }) }
      }
      let chosen = best?.offsets ?? kept
      for (member, offset) in zip(group, chosen) { offsets[member] = offset }
      if best != nil { return true }
      if group.count < width || left <= 0 { return false }
    }
    return false
  }

  /// The members in the order in which to place them, big ones mostly first, and from which end.
  private mutating func sequence(of group: [Int], _ attempt: Int) -> [(Int, Bool)] {
    var keyed: [(key: Int, member: Int, fromTop: Bool)] = []
    for member in group {
      random ^= random << 13
      random ^= random >> 7
      random ^= random << 17
      let factor = attempt == 0 ? 1 : 1 + Int(random >> 32 & 3)
      keyed.append((-(sizes[member] / 4) * factor, member, attempt > 0 && random >> 20 & 1 == 1))
    }
    return keyed.sorted { ($0.key, $0.member) < ($1.key, $1.member) }
      .map { ($0.member, $0.fromTop) }
  }

  /// `start` and what is live with it, with those, and so on, `width` at most.
  private func neighborhood(of start: Int, _ width: Int) -> [Int] {
    var result = [start]
    var known: Set<Int> = [start]
    var next = 0
    while next < result.count, result.count < width {
      for neighbor in conflicts.neighbors[result[next]] where result.count < width {
        if known.insert(neighbor.other).inserted { result.append(neighbor.other) }
      }
      next += 1
    }
    return result
  }
}

// SPDX-License-Identifier: Apache-2.0

extension PlanningGraph {
  /// The longest range of clusters that is searched at once.
  private static let segmentLimit = 256
  /// How many steps the searches of one plan may try, give or take.
  private static let trialLimit = 600_000

  /// Orders that may need less memory than `given`, the most promising first; none if all edges
  /// could not be kept.
  ///
  /// The best of a few simple orders is cut into segments, and in those whose peak decides, the
  /// order with the lowest peak is searched: exactly as long as the states are few.
  func betterOrders(than given: [Int], lowerBound: Int) -> [[Int]] {
    if !isComplete { return [] }
    let simple = [given, depthFirst(from: .start), depthFirst(from: .end)]
    let peaks = simple.map { Lifetimes(order: $0, graph: self).peakBytes }
    var result: [[Int]] = []
    var left = PlanningGraph.trialLimit
    let ranked = simple.indices.sorted { (peaks[$0], $0) < (peaks[$1], $1) }
    for base in ranked {
      let improved = improve(simple[base], lowerBound: lowerBound, trials: &left)
      if !result.contains(improved) { result.append(improved) }
    }
    for order in simple where !result.contains(order) && order != given { result.append(order) }
    let reached = result.map { Lifetimes(order: $0, graph: self).peakBytes }
    return result.indices.sorted { (reached[$0], $0) < (reached[$1], $1) }.map { result[$0] }
  }

  /// Legal orders by chance (always the same ones) of a problem of few steps; none of a larger one.
  func shuffledOrders() -> [[Int]] {
    if !isComplete || stepCount > 48 { return [] }
    var random: UInt64 = 0x2545_F491_4F6C_DD1D
    var known = Set<[Int]>()
    var orders: [[Int]] = []
    for _ in 0..<300 {
      var missing = predecessors.map(\.count)
      var ready = (0..<stepCount).filter { missing[$0] == 0 }
      var order: [Int] = []
      while !ready.isEmpty {
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        let step = ready.remove(at: Int(random % UInt64(ready.count)))
        order.append(step)
        for next in successors[step] {
          missing[next] -= 1
          if missing[next] == 0 { ready.append(next) }
        }
      }
      if known.insert(order).inserted { orders.append(order) }
    }
    return orders
  }

  private enum End { case start, end }

  /// The order in which a step comes as soon after the one that made it ready as possible, made from
  /// the start to the end or the other way round.
  private func depthFirst(from end: End) -> [Int] {
    let (before, after) =
      end == .start ? (predecessors, successors) : (successors, predecessors)
    var missing = before.map(\.count)
    let sources = (0..<stepCount).filter { missing[$0] == 0 }
    var stack = end == .start ? sources.reversed() : sources
    var order: [Int] = []
    order.reserveCapacity(stepCount)
    while let step = stack.popLast() {
      order.append(step)
      for next in end == .start ? after[step].reversed() : after[step] {
        missing[next] -= 1
        if missing[next] == 0 { stack.append(next) }
      }
    }
    return end == .start ? order : order.reversed()
  }

  /// `base` with the segments reordered whose peak is above that of the rest.
  private func improve(_ base: [Int], lowerBound: Int, trials: inout Int) -> [Int] {
    let clusters = StepClusters(order: base, graph: self)
    let order = clusters.order
    let lifetimes = Lifetimes(order: order, graph: self)
    var ends = Array(repeating: 0, count: order.count + 1)
    for tensor in bytes.indices where lifetimes.last[tensor] >= 0 {
      ends[lifetimes.first[tensor]] += bytes[tensor]
      ends[lifetimes.last[tensor]] -= bytes[tensor]
    }
    var liveAfter: [Int] = []
    var peak: [Int] = []
    var position = 0
    var live = 0
    for members in clusters.members {
      var highest = 0
      for _ in members {
        live += ends[position]
        highest = max(highest, lifetimes.live[position])
        position += 1
      }
      liveAfter.append(live)
      peak.append(highest)
    }
    let segments = clusters.segments(limit: PlanningGraph.segmentLimit, liveAfter: liveAfter)
    let peaks = segments.map { peak[$0].max() ?? 0 }
    var sequence = Array(clusters.members.indices)
    var floor = lowerBound
    for index in segments.indices.sorted(by: { (-peaks[$0], $0) < (-peaks[$1], $1) }) {
      if peaks[index] <= floor { break }
      let segment = segments[index]
      if segment.count > 1, trials > 0 {
        let start = segment.lowerBound == 0 ? 0 : liveAfter[segment.lowerBound - 1]
        let search = SegmentSearch(segment, of: clusters, in: self, startLive: start)
        // Most often the floor can be reached, and asking for no less leaves few states.
        let found =
          search.run(below: floor + 1, floor: floor, trials: &trials)
          ?? search.run(below: peaks[index], floor: floor, trials: &trials)
        if let found {
          sequence.replaceSubrange(segment, with: found.clusters)
          floor = found.peak
          continue
        }
      }
      floor = peaks[index]
    }
    return sequence.flatMap { clusters.members[$0] }
  }
}

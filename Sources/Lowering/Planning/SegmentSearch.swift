// SPDX-License-Identifier: Apache-2.0

/// The search for the order of a segment with the lowest peak: dynamic programming over the sets
/// of clusters that are done, layer by layer of their number. Which bytes are live depends on the
/// set alone, so that of all ways to a set the one with the lowest peak is kept. It is exact unless
/// a layer holds more sets than its share; then the most promising are kept (a beam search).
///
/// A cluster that can run without raising the peak reached, and after which no more is live than
/// before, runs at once: moving it forward in any order makes no other step worse.
struct SegmentSearch {
  private struct Tensor {
    var bytes: Int
    var hasEarlierUser: Bool
    var hasLaterUser: Bool
    /// The users within the segment: bits of the words of a set of steps.
    var users: [(word: Int, bits: UInt64)]
  }

  private struct Step {
    var position: Int
    var tensors: [Int]
  }

  private let graph: PlanningGraph
  private let segment: Range<Int>
  private let startLive: Int
  private var steps: [[Step]] = []
  private var tensors: [Tensor] = []
  private var tensorIndex: [Int: Int] = [:]
  private var predecessors: [[Int]]
  private var successors: [[Int]]
  private var stepWords: Int
  /// A number for each cluster; a set is known by the exclusive or of its clusters' numbers.
  private let signatures: [UInt64]
  /// The step of the graph at each bit.
  private var stepAtBit: [Int] = []

  init(_ segment: Range<Int>, of clusters: StepClusters, in graph: PlanningGraph, startLive: Int) {
    self.graph = graph
    self.segment = segment
    self.startLive = startLive
    predecessors = clusters.predecessors[segment].map { list in
      list.filter(segment.contains).map { $0 - segment.lowerBound }
    }
    successors = clusters.successors[segment].map { list in
      list.filter(segment.contains).map { $0 - segment.lowerBound }
    }
    var random: UInt64 = 0x9E37_79B9_7F4A_7C15
    signatures = segment.map { _ in
      random ^= random << 13
      random ^= random >> 7
      random ^= random << 17
      return random
    }
    var bitOfStep: [Int: Int] = [:]
    for members in clusters.members[segment] {
      for step in members {
        bitOfStep[step] = stepAtBit.count
        stepAtBit.append(step)
      }
    }
    stepWords = (stepAtBit.count + 63) / 64
    for members in clusters.members[segment] {
      var local: [Step] = []
      for step in members {
        local.append(
          Step(
            position: bitOfStep[step] ?? 0,
            tensors: graph.touched[step].map { tensor in
              if let known = tensorIndex[tensor] { return known }
              var new = Tensor(
                bytes: graph.bytes[tensor], hasEarlierUser: false, hasLaterUser: false, users: [])
              for user in graph.users[tensor] {
                if let bit = bitOfStep[user] {
                  let mask = UInt64(1) << UInt64(bit % 64)
                  if let slot = new.users.firstIndex(where: { $0.word == bit / 64 }) {
                    new.users[slot].bits |= mask
                  } else {
                    new.users.append((bit / 64, mask))
                  }
                } else if clusters.clusterOfStep[user] < segment.lowerBound {
                  new.hasEarlierUser = true
                } else {
                  new.hasLaterUser = true
                }
              }
              tensorIndex[tensor] = tensors.count
              tensors.append(new)
              return tensors.count - 1
            }))
      }
      steps.append(local)
    }
  }

  /// The sets of one layer.
  private struct Layer {
    /// The steps done, `stepWords` words for each set.
    var done: [UInt64] = []
    var ready: [[Int]] = []
    var signature: [UInt64] = []
    var live: [Int] = []
    var peak: [Int] = []
    var parent: [Int32] = []
    var choice: [Int32] = []
  }

  /// The order with the lowest peak found below `limit`, and the peak; peaks under `floor` are as
  /// good as `floor`.
  ///
  /// - Returns: nil if there is none, or it was not found; `trials` is lowered by the work done.
  func run(
    below limit: Int, floor: Int, trials: inout Int
  ) -> (clusters: [Int], peak: Int)? {
    let count = segment.count
    let width = max(16, min(4096, 40_000 / count))
    var layer = Layer()
    layer.done = Array(repeating: 0, count: stepWords)
    layer.ready = [(0..<count).filter { predecessors[$0].isEmpty }]
    layer.signature = [0]
    layer.live = [startLive]
    layer.peak = [floor]
    var history: [(parent: [Int32], choice: [Int32])] = []
    for _ in 0..<count {
      var next = Layer()
      var known: [UInt64: Int] = [:]
      for state in layer.live.indices {
        expand(state, of: layer, limit: limit, into: &next, known: &known, trials: &trials)
      }
      if next.live.isEmpty { return nil }
      let share = trials > 0 ? width : 4
      if next.live.count > share { next = pruned(next, to: share) }
      history.append((next.parent, next.choice))
      layer = next
      layer.parent = []
    }
    var result: [Int] = []
    var state = 0
    for step in history.reversed() {
      result.append(Int(step.choice[state]) + segment.lowerBound)
      state = Int(step.parent[state])
    }
    return (result.reversed(), layer.peak[0])
  }

  private func expand(
    _ state: Int, of layer: Layer, limit: Int, into next: inout Layer, known: inout [UInt64: Int],
    trials: inout Int
  ) {
    var done = Array(layer.done[(state * stepWords)..<((state + 1) * stepWords)])
    var choices: [(cluster: Int, peak: Int, live: Int)] = []
    for cluster in layer.ready[state] {
      let (highest, after) = simulate(cluster, &done, layer.live[state])
      trials -= 1
      let peak = max(layer.peak[state], highest)
      if peak >= limit { continue }
      if peak == layer.peak[state] && after <= layer.live[state] {
        choices = [(cluster, peak, after)]
        break
      }
      choices.append((cluster, peak, after))
    }
    for (cluster, peak, live) in choices {
      for step in steps[cluster] { done[step.position / 64] |= 1 << UInt64(step.position % 64) }
      defer {
        for step in steps[cluster] { done[step.position / 64] &= ~(1 << UInt64(step.position % 64)) }
      }
      let signature = layer.signature[state] ^ signatures[cluster]
      if let other = known[signature] {
        let base = other * stepWords
        if (0..<stepWords).allSatisfy({ next.done[base + $0] == done[$0] }) {
          if peak < next.peak[other] {
            next.peak[other] = peak
            next.parent[other] = Int32(state)
            next.choice[other] = Int32(cluster)
          }
          continue
        }
      }
      known[signature] = next.live.count
      next.done += done
      var ready = layer.ready[state].filter { $0 != cluster }
      for successor in successors[cluster]
      where predecessors[successor].allSatisfy({ isDone($0, done) }) { ready.append(successor) }
      ready.sort()
      next.ready.append(ready)
      next.signature.append(signature)
      next.live.append(live)
      next.peak.append(peak)
      next.parent.append(Int32(state))
      next.choice.append(Int32(cluster))
    }
  }

  private func isDone(_ cluster: Int, _ done: [UInt64]) -> Bool {
    let position = steps[cluster][0].position
    return done[position / 64] >> UInt64(position % 64) & 1 == 1
  }

  /// The most bytes live while the cluster runs, and the bytes live after it; `done` is as before.
  private func simulate(_ cluster: Int, _ done: inout [UInt64], _ live: Int) -> (Int, Int) {
    var live = live
    var highest = 0
    for step in steps[cluster] {
      var new = 0
      var freed = 0
      let word = step.position / 64
      let mask = UInt64(1) << UInt64(step.position % 64)
      for tensor in step.tensors where !isStarted(tensor, done) { new += tensors[tensor].bytes }
      let source = stepAtBit[step.position]
      let before = done[word]
      if !graph.pairs[source].isEmpty {
        let choice = graph.choosePairs(at: source) { pair in
          guard let read = tensorIndex[pair.read], let write = tensorIndex[pair.write] else {
            return false
          }
          if isStarted(write, done) || !isStarted(read, done) { return false }
          done[word] |= mask
          defer { done[word] = before }
          return isEnded(read, done)
        }
        new -= choice.saving
        freed -= choice.saving
      }
      done[word] |= mask
      for tensor in step.tensors where isEnded(tensor, done) { freed += tensors[tensor].bytes }
      highest = max(highest, live + new)
      live += new - freed
    }
    for step in steps[cluster] { done[step.position / 64] &= ~(1 << UInt64(step.position % 64)) }
    return (highest, live)
  }

  private func isStarted(_ tensor: Int, _ done: [UInt64]) -> Bool {
    if tensors[tensor].hasEarlierUser { return true }
    for (word, bits) in tensors[tensor].users where done[word] & bits != 0 { return true }
    return false
  }

  private func isEnded(_ tensor: Int, _ done: [UInt64]) -> Bool {
    if tensors[tensor].hasLaterUser { return false }
    for (word, bits) in tensors[tensor].users where done[word] & bits != bits { return false }
    return true
  }

  /// The `count` sets with the lowest peak, then the least live, then found first.
  private func pruned(_ layer: Layer, to count: Int) -> Layer {
    let kept = layer.live.indices.sorted {
      (layer.peak[$0], layer.live[$0], $0) < (layer.peak[$1], layer.live[$1], $1)
    }.prefix(count)
    var result = Layer()
    for index in kept {
      result.done += layer.done[(index * stepWords)..<((index + 1) * stepWords)]
      result.ready.append(layer.ready[index])
      result.signature.append(layer.signature[index])
      result.live.append(layer.live[index])
      result.peak.append(layer.peak[index])
      result.parent.append(layer.parent[index])
      result.choice.append(layer.choice[index])
    }
    return result
  }
}

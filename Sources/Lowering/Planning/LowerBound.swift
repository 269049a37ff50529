// SPDX-License-Identifier: Apache-2.0

extension PlanningGraph {
  /// How many edges may be walked; tensors with the longest spans are then counted only at the
  /// steps that use them, which leaves a bound, if a lower one.
  private static let walkLimit = 40_000_000

  /// The largest over steps of the bytes that are live at that step in every legal order.
  ///
  /// A tensor is live at a step in every order just when one of its users is the step or must come
  /// before it, and one is the step or must come after it. Both are found by marking forward and
  /// backward from the users, within the span of the given order from its first user to its last:
  /// whatever lies between two steps in every order does so in this one. Of a pair that may share
  /// a place at the step the larger counts, unless no order allows the pair.
  func lowerBound() -> Int {
    var live = Array(repeating: 0, count: stepCount)
    var marks = SpanMarks(stepCount: stepCount)
    // Whether a tensor has a user that must come after (before) a step which it shares a pair with.
    var lastingReads = Set<PairKey>()
    var earlierWrites = Set<PairKey>()
    var paired: [Int: [(step: Int, isRead: Bool)]] = [:]
    for (step, list) in pairs.enumerated() {
      for pair in list {
        paired[pair.read, default: []].append((step, true))
        paired[pair.write, default: []].append((step, false))
      }
    }
    var walked = 0
    let spans = users.indices.filter { !users[$0].isEmpty }
      .map { (length: users[$0][users[$0].count - 1] - users[$0][0], tensor: $0) }
      .sorted { ($0.length, $0.tensor) < ($1.length, $1.tensor) }
    for (_, tensor) in spans {
      let list = users[tensor]
      if walked > PlanningGraph.walkLimit || !isComplete {
        for step in list { live[step] += bytes[tensor] }
        continue
      }
      walked += marks.mark(list, in: self)
      for step in list[0]...list[list.count - 1] where marks.isBetween(step) {
        live[step] += bytes[tensor]
      }
      for (step, isRead) in paired[tensor] ?? [] {
        if isRead, marks.isFollowed(step) { lastingReads.insert(PairKey(step, tensor)) }
        if !isRead, marks.isPreceded(step) { earlierWrites.insert(PairKey(step, tensor)) }
      }
    }
    var result = 0
    for step in 0..<stepCount where live[step] > result {
      let saving = optimisticSaving(at: step) {
        !lastingReads.contains(PairKey(step, $0.read))
          && !earlierWrites.contains(PairKey(step, $0.write))
      }
      result = max(result, live[step] - saving)
    }
    return result
  }

  private struct PairKey: Hashable {
    var step: Int
    var tensor: Int

    init(_ step: Int, _ tensor: Int) {
      self.step = step
      self.tensor = tensor
    }
  }

  /// At least what the best choice of pairs saves: the choice itself where it is exact, else as
  /// if a tensor that is read could give its place to several.
  private func optimisticSaving(at step: Int, _ isPossible: (Pair) -> Bool) -> Int {
    let possible = pairs[step].filter(isPossible)
    if possible.count <= 6 && pairs[step].count <= 64 {
      return choosePairs(at: step, isPossible).saving
    }
    var best: [Int: Int] = [:]
    for pair in possible { best[pair.write] = max(best[pair.write] ?? 0, pair.saving) }
    return best.values.reduce(0, +)
  }
}

/// The steps that must come after, or before, the users of one tensor.
private struct SpanMarks {
  /// The number of the round that set a mark, so that nothing need be cleared.
  private var round: Int32 = 0
  private var forward: [Int32]
  private var backward: [Int32]
  /// As `forward` and `backward`, but of another step than the one marked.
  private var preceded: [Int32]
  private var followed: [Int32]

  init(stepCount: Int) {
    forward = Array(repeating: 0, count: stepCount)
    backward = forward
    preceded = forward
    followed = forward
  }

  /// Marks from `users`, ascending; returns the edges walked.
  mutating func mark(_ users: [Int], in graph: PlanningGraph) -> Int {
    round += 1
    var walked = users.count
    for user in users {
      forward[user] = round
      backward[user] = round
    }
    let first = users[0]
    let last = users[users.count - 1]
    for step in first...last {
      let before = graph.predecessors[step]
      walked += before.count + 1
      for predecessor in before where predecessor >= first && forward[predecessor] == round {
        preceded[step] = round
        forward[step] = round
        break
      }
    }
    var step = last
    while step > first {
      if backward[step] == round {
        for predecessor in graph.predecessors[step] where predecessor >= first {
          backward[predecessor] = round
          followed[predecessor] = round
        }
      }
      step -= 1
    }
    return walked
  }

  func isBetween(_ step: Int) -> Bool { forward[step] == round && backward[step] == round }
  func isPreceded(_ step: Int) -> Bool { preceded[step] == round }
  func isFollowed(_ step: Int) -> Bool { followed[step] == round }
}

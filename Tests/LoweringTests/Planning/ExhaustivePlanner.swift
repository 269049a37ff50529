// SPDX-License-Identifier: Apache-2.0
import Lowering

/// The optimum of a small problem by trying all: every legal order, every choice of pairs, every
/// placement; written from the definitions alone, without anything of the planner.
struct ExhaustivePlanner {
  let problem: PlanningProblem
  private let sizes: [Int]
  private let before: [[Int]]
  /// The smallest peak of live bytes over all orders.
  private(set) var peak = Int.max
  /// The smallest arena over all orders and placements.
  private(set) var arena = Int.max

  init(_ problem: PlanningProblem) {
    self.problem = problem
    sizes = problem.tensors.map { tensor in
      let units = (tensor.bytes + problem.alignment - 1) / problem.alignment
      return tensor.isPinned ? 0 : units * problem.alignment
    }
    before = problem.steps.indices.map { later in
      (0..<later).filter { earlier in
        let (a, b) = (problem.steps[earlier], problem.steps[later])
        return b.dependencies.contains(earlier)
          || !Set(a.writes).isDisjoint(with: b.reads) || !Set(a.reads).isDisjoint(with: b.writes)
      }
    }
    var order: [Int] = []
    var orders: [(peak: Int, order: [Int])] = []
    visitOrders(&order) { orders.append((peakOf($0), $0)) }
    orders.sort { $0.peak < $1.peak }
    peak = orders[0].peak
    for (lowest, order) in orders where lowest < arena { placeAll(order) }
  }

  private func visitOrders(_ order: inout [Int], _ body: ([Int]) -> Void) {
    if order.count == problem.steps.count { return body(order) }
    for step in problem.steps.indices
    where !order.contains(step) && before[step].allSatisfy(order.contains) {
      order.append(step)
      visitOrders(&order, body)
      order.removeLast()
    }
  }

  private typealias Span = (first: Int, last: Int)

  private func spans(_ order: [Int]) -> [Span?] {
    problem.tensors.indices.map { tensor in
      let users = order.indices.filter {
        let step = problem.steps[order[$0]]
        return sizes[tensor] > 0 && (step.reads.contains(tensor) || step.writes.contains(tensor))
      }
      return users.first.map { ($0, users[users.count - 1]) }
    }
  }

  /// All sets of pairs that may share at once, for each position of the order.
  private func choices(_ order: [Int], _ spans: [Span?]) -> [[[(read: Int, write: Int)]]] {
    order.indices.map { position in
      let legal = problem.steps[order[position]].inPlace.filter { pair in
        guard let read = spans[pair.read], let write = spans[pair.write] else { return false }
        return read.first < position && read.last == position && write.first == position
      }
      return (0..<(1 << legal.count)).map { subset in
        legal.indices.filter { subset >> $0 & 1 == 1 }.map { legal[$0] }
      }.filter { Set($0.map(\.read)).count == $0.count && Set($0.map(\.write)).count == $0.count }
    }
  }

  private func peakOf(_ order: [Int]) -> Int {
    let spans = spans(order)
    let choices = choices(order, spans)
    return order.indices.map { position in
      let live = spans.indices.filter { tensor in
        spans[tensor].map { $0.first <= position && position <= $0.last } ?? false
      }.map { sizes[$0] }.reduce(0, +)
      return live
        - (choices[position].map { $0.map { min(sizes[$0.read], sizes[$0.write]) }.reduce(0, +) }
          .max() ?? 0)
    }.max() ?? 0
  }

  /// Tries every combination of pairs in that order.
  private mutating func placeAll(_ order: [Int]) {
    let spans = spans(order)
    var combinations: [[(read: Int, write: Int)]] = [[]]
    for options in choices(order, spans) {
      combinations = combinations.flatMap { chosen in options.map { chosen + $0 } }
    }
    for pairs in combinations {
      var root = Array(problem.tensors.indices)
      let inTime = pairs.sorted { (spans[$0.write]?.first ?? 0) < (spans[$1.write]?.first ?? 0) }
      for pair in inTime { root[pair.write] = root[pair.read] }
      var groups: [[Int]] = []
      for tensor in root.indices where root[tensor] == tensor && spans[tensor] != nil {
        groups.append(root.indices.filter { root[$0] == tensor })
      }
      var placed: [(group: [Int], offset: Int)] = []
      place(groups, &placed, spans, lowest: 0, top: 0)
    }
  }

  /// Places the groups in every order of ascending offsets, each at the lowest place left.
  private mutating func place(
    _ left: [[Int]], _ placed: inout [(group: [Int], offset: Int)], _ spans: [Span?],
    lowest: Int, top: Int
  ) {
    if left.isEmpty { arena = min(arena, top) }
    for position in problem.steps.indices {
      let live = left.map { group in
        group.filter { isLive($0, position, spans) }.map { sizes[$0] }.max() ?? 0
      }.reduce(0, +)
      if live > 0, lowest + live >= arena { return }
    }
    for (index, group) in left.enumerated() where arena > peak {
      var offset = 0
      for (other, base) in placed {
        for a in group {
          for b in other where overlap(spans[a], spans[b]) { offset = max(offset, base + sizes[b]) }
        }
      }
      let end = offset + (group.map { sizes[$0] }.max() ?? 0)
      if offset < lowest || end >= arena { continue }
      var rest = left
      rest.remove(at: index)
      placed.append((group, offset))
      place(rest, &placed, spans, lowest: offset, top: max(top, end))
      placed.removeLast()
    }
  }

  private func isLive(_ tensor: Int, _ position: Int, _ spans: [Span?]) -> Bool {
    spans[tensor].map { $0.first <= position && position <= $0.last } ?? false
  }

  private func overlap(_ a: Span?, _ b: Span?) -> Bool {
    guard let a, let b else { return false }
    return a.first <= b.last && b.first <= a.last
  }
}

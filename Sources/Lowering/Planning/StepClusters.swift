// SPDX-License-Identifier: Apache-2.0

/// Steps that run right after one another in some best order, taken together, and the places where
/// an order falls apart into segments that can be ordered each for itself.
struct StepClusters {
  /// The steps of each cluster; the clusters are in a legal order, and so are the steps in each.
  private(set) var members: [[Int]] = []
  /// The clusters that must come before each, ascending.
  private(set) var predecessors: [[Int]] = []
  private(set) var successors: [[Int]] = []
  /// The cluster that holds each step.
  private(set) var clusterOfStep: [Int]

  /// Joins what can be joined without loss:
  /// - a step all of whose tensors are used by its only predecessor, right after that one: it only
  ///   ends lifetimes (say, a result is copied out);
  /// - a step all of whose tensors are used by its only successor, right before that one: it only
  ///   begins lifetimes (say, weights are decoded into scratch).
  init(order: [Int], graph: PlanningGraph) {
    var core = Array(0..<graph.stepCount)
    var hasFollowers = Array(repeating: false, count: graph.stepCount)
    for step in order where graph.predecessors[step].count == 1 {
      let other = graph.predecessors[step][0]
      if Set(graph.touched[step]).isSubset(of: graph.touched[other]) {
        core[step] = core[other]
        hasFollowers[other] = true
      }
    }
    for step in order.reversed()
    where core[step] == step && !hasFollowers[step] && graph.successors[step].count == 1 {
      let other = graph.successors[step][0]
      if Set(graph.touched[step]).isSubset(of: graph.touched[other]) { core[step] = core[other] }
    }
    clusterOfStep = core
    for step in order where core[step] == step {
      clusterOfStep[step] = members.count
      members.append([])
    }
    for step in order {
      // A core keeps its own entry, so that it may stand before or after its followers.
      if core[step] != step { clusterOfStep[step] = clusterOfStep[core[step]] }
      members[clusterOfStep[step]].append(step)
    }
    predecessors = Array(repeating: [], count: members.count)
    successors = predecessors
    for (index, steps) in members.enumerated() {
      var before = Set<Int>()
      for step in steps {
        for other in graph.predecessors[step] { before.insert(clusterOfStep[other]) }
      }
      before.remove(index)
      predecessors[index] = before.sorted()
      for other in predecessors[index] { successors[other].append(index) }
    }
  }

  /// All steps, cluster by cluster.
  var order: [Int] { members.flatMap { $0 } }

  /// Ranges of clusters that can be ordered each for itself without loss: they end at clusters that
  /// must come after all clusters before and before all after. Ranges longer than `limit`
  /// are cut, with a possible loss, after the cluster with the least memory alive.
  ///
  /// - Parameter liveAfter: the bytes live after each cluster in the given order.
  func segments(limit: Int, liveAfter: [Int]) -> [Range<Int>] {
    let isCut = zip(onlyOpen(members.indices.map { $0 }, closing: predecessors),
      onlyOpen(members.indices.reversed(), closing: successors)).map { $0 && $1 }
    var result: [Range<Int>] = []
    var start = 0
    for index in members.indices where isCut[index] || index == members.count - 1 {
      while index + 1 - start > limit {
        var end = start + limit / 2
        for candidate in end..<(start + limit) where liveAfter[candidate] < liveAfter[end] {
          end = candidate
        }
        result.append(start..<(end + 1))
        start = end + 1
      }
      if start <= index { result.append(start..<(index + 1)) }
      start = index + 1
    }
    return result
  }

  /// For each cluster whether every cluster earlier in `sequence` leads to it: when it comes, no
  /// other one is left that none of the clusters so far closes.
  private func onlyOpen(_ sequence: [Int], closing: [[Int]]) -> [Bool] {
    var isOpen = Array(repeating: false, count: members.count)
    var result = isOpen
    var open = 0
    for index in sequence {
      for other in closing[index] where isOpen[other] {
        isOpen[other] = false
        open -= 1
      }
      isOpen[index] = true
      open += 1
      result[index] = open == 1
    }
    return result
  }
}

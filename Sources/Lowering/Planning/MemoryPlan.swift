// SPDX-License-Identifier: Apache-2.0
package import CompilerSupport

/// An order of the steps and a place in the arena for every tensor.
///
/// Sizes are rounded up to the alignment of the problem throughout.
package struct MemoryPlan: Sendable, Equatable {
  /// A tensor that takes the place of another one.
  package struct InPlaceChoice: Sendable, Hashable {
    /// The step (by its position in the problem) that reads the one and writes the other.
    package var step: Int
    package var read: Int
    package var write: Int
  }

  /// The positions in the problem of the steps, first to last.
  package var order: [Int]
  /// For each tensor its offset in the arena; nil if it is pinned or never used.
  package var offsets: [Int?]
  /// The pairs that start at the same offset, in the order in which the steps run.
  package var shared: [InPlaceChoice]
  /// The size of the arena.
  package var arenaBytes: Int
  /// The most bytes that are live at one step in this order: what the arena could be at best.
  package var peakBytes: Int
  /// The largest over steps of the bytes live at that step in every legal order, with everything
  /// in place that may be: no plan can be smaller.
  package var lowerBound: Int
}

extension PlanningProblem {
  /// Orders the steps and places the tensors, deterministically. The given order is kept unless
  /// another one needs less.
  ///
  /// - Throws: if the bytes of all tensors together are more than an `Int` holds.
  package func plan() throws(Failure) -> MemoryPlan {
    let graph = try PlanningGraph(self)
    let bound = graph.lowerBound()
    let given = Lifetimes(order: Array(steps.indices), graph: graph)
    var best = plan(given, graph, bound)
    // Where the given order has the lowest peak of all, a long search for others finds none.
    let isLong = steps.count > Self.longOrder && best.peakBytes == bound
    if best.arenaBytes > bound, !isLong {
      var lowestPeak = best.peakBytes
      for order in graph.betterOrders(than: best.order, lowerBound: bound) {
        improve(&best, by: order, graph, bound)
        lowestPeak = min(lowestPeak, Lifetimes(order: order, graph: graph).peakBytes)
      }
      // The order with the lowest peak may leave gaps where another one leaves none.
      if best.arenaBytes > lowestPeak {
        for order in graph.shuffledOrders() where best.arenaBytes > lowestPeak {
          improve(&best, by: order, graph, bound, isThorough: steps.count <= Self.shortOrder)
        }
      }
      separate(&best, graph, bound)
    }
    return best
  }

  /// Up to so many steps the pairs are tried apart in every order.
  private static let shortOrder = 12
  /// More steps than this are not ordered anew for the sake of gaps alone.
  private static let longOrder = 2000
  /// The most pairs that are tried apart.
  private static let pairLimit = 16

  /// Tensors that share a place begin at one offset, which may leave gaps around them: gives pairs
  /// places of their own, one after the other, as long as the arena becomes smaller.
  private func separate(_ best: inout MemoryPlan, _ graph: PlanningGraph, _ bound: Int) {
    var apart: Set<MemoryPlan.InPlaceChoice> = []
    var isBetter = best.shared.count <= Self.pairLimit
    while isBetter, best.arenaBytes > best.peakBytes {
      isBetter = false
      for pair in best.shared {
        let candidate = apart.union([pair])
        let lifetimes = Lifetimes(order: best.order, graph: graph, apart: candidate)
        if lifetimes.peakBytes >= best.arenaBytes { continue }
        let found = plan(lifetimes, graph, bound)
        guard found.arenaBytes < best.arenaBytes else { continue }
        (best, apart, isBetter) = (found, candidate, true)
        break
      }
    }
  }

  private func improve(
    _ best: inout MemoryPlan, by order: [Int], _ graph: PlanningGraph, _ bound: Int,
    isThorough: Bool = false
  ) {
    if best.arenaBytes <= bound { return }
    let lifetimes = Lifetimes(order: order, graph: graph)
    if lifetimes.peakBytes >= best.arenaBytes { return }
    var candidate = plan(lifetimes, graph, bound)
    if isThorough { separate(&candidate, graph, bound) }
    if candidate.arenaBytes < best.arenaBytes { best = candidate }
  }

  private func plan(_ lifetimes: Lifetimes, _ graph: PlanningGraph, _ bound: Int) -> MemoryPlan {
    let placement = lifetimes.place()
    return MemoryPlan(
      order: lifetimes.order, offsets: tensors.indices.map { offset(of: $0, placement, graph) },
      shared: lifetimes.shared, arenaBytes: placement.arenaBytes,
      peakBytes: lifetimes.peakBytes, lowerBound: bound)
  }

  private func offset(of tensor: Int, _ placement: Placement, _ graph: PlanningGraph) -> Int? {
    if tensors[tensor].isPinned || !graph.isUsed[tensor] { return nil }
    return placement.offsets[tensor]
  }
}

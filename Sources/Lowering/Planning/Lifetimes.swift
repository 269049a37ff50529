// SPDX-License-Identifier: Apache-2.0

/// When each tensor is live in one order of the steps, and which tensors share a place.
struct Lifetimes {
  /// Tensors that follow one another in one place, the first to the last; they start at the same
  /// offset, each as long as it is.
  struct Allocation {
    var tensors: [Int]
    var first: Int
    var last: Int
    /// The size of its largest tensor.
    var bytes: Int
  }

  let order: [Int]
  /// The bytes in the arena of each tensor.
  let bytes: [Int]
  /// The positions in the order of the first and last user; (0, -1) for what needs no place.
  private(set) var first: [Int]
  private(set) var last: [Int]
  private(set) var shared: [MemoryPlan.InPlaceChoice] = []
  /// Ordered by first use, then by tensor.
  private(set) var allocations: [Allocation] = []
  /// The allocation that a tensor belongs to; -1 for none.
  private(set) var allocation: [Int]
  /// The bytes live at each position of the order.
  private(set) var live: [Int]

  /// The most bytes live at one step.
  var peakBytes: Int { live.max() ?? 0 }

  /// The lifetimes in an order of the steps.
  ///
  /// - Parameter apart: Pairs that are to have places of their own.
  init(order: [Int], graph: PlanningGraph, apart: Set<MemoryPlan.InPlaceChoice> = []) {
    self.order = order
    bytes = graph.bytes
    first = Array(repeating: 0, count: bytes.count)
    last = Array(repeating: -1, count: bytes.count)
    allocation = last
    live = Array(repeating: 0, count: order.count)
    for (position, step) in order.enumerated() {
      for tensor in graph.touched[step] {
        if last[tensor] < 0 { first[tensor] = position }
        last[tensor] = position
      }
    }
    var current = 0
    for (position, step) in order.enumerated() {
      let touched = graph.touched[step]
      for tensor in touched where first[tensor] == position { current += bytes[tensor] }
      let choice = graph.choosePairs(at: step) {
        first[$0.read] < position && last[$0.read] == position && first[$0.write] == position
          && (apart.isEmpty || !apart.contains(.init(step: step, read: $0.read, write: $0.write)))
      }
      live[position] = current - choice.saving
      for tensor in touched where last[tensor] == position { current -= bytes[tensor] }
      for (index, pair) in graph.pairs[step].prefix(64).enumerated()
      where choice.mask >> UInt64(index) & 1 == 1 {
        shared.append(.init(step: step, read: pair.read, write: pair.write))
        allocation[pair.write] = allocation[pair.read]
      }
      for tensor in touched where first[tensor] == position {
        allocate(tensor, last: last[tensor])
      }
    }
  }

  private mutating func allocate(_ tensor: Int, last: Int) {
    let index = allocation[tensor]
    if index < 0 {
      allocation[tensor] = allocations.count
      allocations.append(
        Allocation(tensors: [tensor], first: first[tensor], last: last, bytes: bytes[tensor]))
    } else {
      allocations[index].tensors.append(tensor)
      allocations[index].last = last
      allocations[index].bytes = max(allocations[index].bytes, bytes[tensor])
    }
  }
}

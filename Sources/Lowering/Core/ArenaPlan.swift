// SPDX-License-Identifier: Apache-2.0
import LoopIR

/// The order of the steps and the places of the roots in the arena, from the memory planner.
struct ArenaPlan {
  let order: [Int]
  /// For each root its place in the arena; 0 for those outside.
  let offsets: [Int]
  let bytes: Int
  let lowerBound: Int

  init(roots: [Root], steps: [PendingStep], alignment: Int) {
    order = Array(steps.indices)
    var next = 0
    offsets = roots.map { root in
      guard case .arena = root.kind else { return 0 }
      defer { next += (root.byteCount + alignment - 1) / alignment * alignment }
      return next
    }
    bytes = next
    lowerBound = 0
  }
}

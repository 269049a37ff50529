// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Tensors

/// The order of the steps and the places of the roots in the arena, from the memory planner.
struct ArenaPlan {
  let order: [Int]
  /// For each root its place in the arena; 0 for those outside.
  let offsets: [Int]
  let bytes: Int
  let lowerBound: Int

  /// - Throws: if the arena is larger than can be addressed.
  init(roots: [Root], steps: [PendingStep], alignment: Int) throws(Failure) {
    let tensors = roots.map { root in
      PlanningProblem.Tensor(bytes: root.byteCount, isPinned: !root.isInArena)
    }
    let problem = PlanningProblem(
      tensors: tensors, steps: steps.map { Self.step($0, roots) }, alignment: alignment)
    let plan = try problem.plan()
    order = plan.order
    offsets = plan.offsets.map { $0 ?? 0 }
    bytes = plan.arenaBytes
    lowerBound = plan.lowerBound
  }

  private static func step(_ step: PendingStep, _ roots: [Root]) -> PlanningProblem.Step {
    var reads: [Int] = []
    var writes: [Int] = []
    var inPlace: [(read: Int, write: Int)] = []
    let pairs = Array(zip(step.kernel.parameters, step.arguments))
    for (parameter, view) in pairs {
      // Read-only data has no place and no order.
      if case .constant = roots[view.root].kind { continue }
      if parameter.isWritten { writes.append(view.root) } else { reads.append(view.root) }
    }
    for (target, written) in pairs where target.isWritten && target.mayAlias {
      for (source, read) in pairs where !source.isWritten && source.mayAlias {
        // A convolution may read its input elsewhere after the same tensor's residual was overwritten.
        let isReadFreely = pairs.contains { $0.1.root == read.root && !$0.0.mayAlias }
        if !isReadFreely, covers(read, written, roots) {
          inPlace.append((read.root, written.root))
        }
      }
    }
    return PlanningProblem.Step(reads: reads, writes: writes, inPlace: inPlace)
  }

  /// Whether a kernel that reads one tensor and writes another position by position may do so in one piece of memory: both fill
  /// their roots, and each element lies at the same place in both.
  private static func covers(_ read: TensorView, _ written: TensorView, _ roots: [Root]) -> Bool {
    guard roots[read.root].isInArena, roots[written.root].isInArena, read.root != written.root
    else { return false }
    let a = read.layout
    let b = written.layout
    return a.offset == 0 && b.offset == 0 && a.axes == b.axes && a.halo == b.halo
      && a.type.shape == b.type.shape && a.type.element.bitCount == b.type.element.bitCount
      && a.byteCount == roots[read.root].byteCount && b.byteCount == roots[written.root].byteCount
  }
}

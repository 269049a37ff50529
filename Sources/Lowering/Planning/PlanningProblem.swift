// SPDX-License-Identifier: Apache-2.0

/// What the memory planner is asked, free of ops and kernels: steps that read and write tensors.
///
/// The steps are listed in a legal order. Whenever one step writes a tensor and another one uses it,
/// the two keep the order of the list (all regions of a concatenation are written before it is
/// read; a state is read before it is overwritten); steps that write different regions of a tensor
/// may change places, and so may its readers. A tensor takes up memory from the first step that
/// uses it to the last one, so that the workspace of a step is a tensor which only that step writes.
package struct PlanningProblem: Sendable {
  /// A piece of memory.
  package struct Tensor: Sendable {
    /// The size in bytes.
    package var bytes: Int
    /// Whether it lives outside the arena (a port, a constant) and needs no place there.
    package var isPinned: Bool

    /// A tensor.
    package init(bytes: Int, isPinned: Bool = false) {
      self.bytes = bytes
      self.isPinned = isPinned
    }
  }

  /// A call of a kernel.
  package struct Step: Sendable {
    /// The tensors that it reads, by position.
    package var reads: [Int]
    /// The tensors that it writes, whole or a region of.
    package var writes: [Int]
    /// Earlier steps that must come before it, besides those that the tensors imply.
    package var dependencies: [Int]
    /// The pairs for which the kernel is right when both start at the same address. A pair is used
    /// only where the step is the last one that uses `read` and the first one that uses `write`.
    package var inPlace: [(read: Int, write: Int)]

    /// A step.
    package init(
      reads: [Int], writes: [Int], dependencies: [Int] = [],
      inPlace: [(read: Int, write: Int)] = []
    ) {
      self.reads = reads
      self.writes = writes
      self.dependencies = dependencies
      self.inPlace = inPlace
    }
  }

  package var tensors: [Tensor]
  package var steps: [Step]
  /// Every offset is a multiple of it, and so is the size of the arena; at least 1.
  package var alignment: Int

  /// A problem.
  package init(tensors: [Tensor], steps: [Step], alignment: Int) {
    self.tensors = tensors
    self.steps = steps
    self.alignment = alignment
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// A planning problem made ready for the algorithms: what must precede what, who uses what, and
/// sizes rounded to the alignment. Tensors that take no bytes in the arena are left out of
/// `touched`, `users` and `pairs`, but the order that they impose is kept.
struct PlanningGraph {
  /// A pair that may share a place, and the bytes which that saves at the step.
  struct Pair {
    var read: Int
    var write: Int
    var saving: Int
  }

  /// The most edges that are kept; with more, the given order stands.
  static let edgeLimit = 4_000_000

  let stepCount: Int
  /// The bytes in the arena of each tensor, a multiple of the alignment; 0 if pinned.
  private(set) var bytes: [Int]
  /// Whether any step uses the tensor.
  private(set) var isUsed: [Bool]
  /// The tensors that a step uses, ascending.
  private(set) var touched: [[Int]]
  /// The steps that use a tensor, ascending.
  private(set) var users: [[Int]]
  /// The steps that must come before, ascending, without repetition.
  private(set) var predecessors: [[Int]]
  private(set) var successors: [[Int]]
  private(set) var pairs: [[Pair]]
  /// Whether the edges are complete; if not, only the given order is known to be legal.
  private(set) var isComplete = true

  init(_ problem: PlanningProblem) throws(Failure) {
    precondition(problem.alignment >= 1, "an alignment is at least 1")
    stepCount = problem.steps.count
    bytes = try PlanningGraph.roundedBytes(problem)
    isUsed = Array(repeating: false, count: bytes.count)
    touched = Array(repeating: [], count: stepCount)
    users = Array(repeating: [], count: bytes.count)
    predecessors = Array(repeating: [], count: stepCount)
    successors = Array(repeating: [], count: stepCount)
    pairs = Array(repeating: [], count: stepCount)
    for (index, step) in problem.steps.enumerated() {
      let all = Set(step.reads).union(step.writes).sorted()
      for tensor in all {
        isUsed[tensor] = true
        if bytes[tensor] > 0 { users[tensor].append(index) }
      }
      touched[index] = all.filter { bytes[$0] > 0 }
      let reads = Set(step.reads)
      let writes = Set(step.writes)
      for (read, write) in step.inPlace
      where reads.contains(read) && !writes.contains(read) && writes.contains(write)
        && !reads.contains(write)
      {
        let saving = min(bytes[read], bytes[write])
        if saving > 0 { pairs[index].append(Pair(read: read, write: write, saving: saving)) }
      }
    }
    connect(problem)
  }

  private static func roundedBytes(_ problem: PlanningProblem) throws(Failure) -> [Int] {
    var result = Array(repeating: 0, count: problem.tensors.count)
    var total: Checked = 0
    for (index, tensor) in problem.tensors.enumerated() where !tensor.isPinned {
      precondition(tensor.bytes >= 0, "a tensor has no negative size")
      let rest = tensor.bytes % problem.alignment
      let rounded = Checked(tensor.bytes) + Checked(rest == 0 ? 0 : problem.alignment - rest)
      total += rounded
      // A factor of four is left for sums that the algorithms make.
      guard total.size(upTo: Int.max / 4) != nil, let rounded = rounded.value else {
        throw Failure("the tensors of the model do not fit into the address space")
      }
      result[index] = rounded
    }
    return result
  }

  /// What uses a tensor in the given order, in runs of writers and of readers: the steps of a run
  /// are free among themselves, and follow all of the run before.
  private struct Runs {
    enum Access { case read, write, both }

    var previous: [Int] = []
    var current: [Int] = []
    var access = Access.read
  }

  private mutating func connect(_ problem: PlanningProblem) {
    var runs = Array(repeating: Runs(), count: bytes.count)
    var edges = 0
    for (index, step) in problem.steps.enumerated() {
      var before = step.dependencies
      for dependency in before { precondition(dependency < index, "the given order is legal") }
      let reads = Set(step.reads)
      let writes = Set(step.writes)
      for tensor in reads.union(writes).sorted() {
        let access: Runs.Access =
          !writes.contains(tensor) ? .read : reads.contains(tensor) ? .both : .write
        if runs[tensor].access != access || access == .both {
          runs[tensor].previous = runs[tensor].current
          runs[tensor].current = []
          runs[tensor].access = access
        }
        runs[tensor].current.append(index)
        edges += runs[tensor].previous.count
        if edges <= PlanningGraph.edgeLimit { before += runs[tensor].previous }
      }
      predecessors[index] = Set(before).sorted()
      for predecessor in predecessors[index] { successors[predecessor].append(index) }
    }
    isComplete = edges <= PlanningGraph.edgeLimit
  }

  /// The pairs to share at a step among those that `isEligible`, as a mask over the first 64, and
  /// the bytes saved: each tensor in one pair at most, the best choice for up to six eligible
  /// pairs, a greedy one for more.
  func choosePairs(at step: Int, _ isEligible: (Pair) -> Bool) -> (saving: Int, mask: UInt64) {
    let all = pairs[step]
    if all.isEmpty { return (0, 0) }
    var eligible: [Int] = []
    for index in 0..<min(all.count, 64) where isEligible(all[index]) { eligible.append(index) }
    if eligible.isEmpty { return (0, 0) }
    if eligible.count == 1 { return (all[eligible[0]].saving, 1 << UInt64(eligible[0])) }
    let isSmall = eligible.count <= 6
    if !isSmall { eligible.sort { (-all[$0].saving, $0) < (-all[$1].saving, $1) } }
    var best = (saving: 0, mask: UInt64(0))
    // A subset in which two pairs meet keeps the first of them, so the full set is the greedy choice.
    for subset in isSmall ? 1..<(1 << eligible.count) : 0..<1 {
      var candidate = (saving: 0, mask: UInt64(0))
      var taken: [Int] = []
      for (bit, index) in eligible.enumerated() where !isSmall || subset >> bit & 1 == 1 {
        let pair = all[index]
        if taken.contains(pair.read) || taken.contains(pair.write) { continue }
        taken += [pair.read, pair.write]
        candidate.saving += pair.saving
        candidate.mask |= 1 << UInt64(index)
      }
      if candidate.saving > best.saving { best = candidate }
    }
    return best
  }
}

// SPDX-License-Identifier: Apache-2.0
import Lowering

/// A small generator of random numbers (SplitMix64), the same everywhere.
struct PlanningRandom: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
  mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
}

extension PlanningProblem {
  /// A problem with no steps yet.
  static var empty: PlanningProblem { PlanningProblem(tensors: [], steps: [], alignment: 16) }

  /// Adds a tensor and returns its position.
  mutating func add(_ bytes: Int, pinned: Bool = false) -> Int {
    tensors.append(Tensor(bytes: bytes, isPinned: pinned))
    return tensors.count - 1
  }

  /// Adds a step.
  mutating func step(
    _ reads: [Int], _ writes: [Int], inPlace: Bool = false, after dependencies: [Int] = []
  ) {
    let pairs = inPlace ? reads.flatMap { read in writes.map { (read: read, write: $0) } } : []
    steps.append(
      Step(reads: reads, writes: writes, dependencies: dependencies, inPlace: pairs))
  }

  /// A random graph with everything that a network may bring: branches, in-place steps, regions of a
  /// concatenation, decoded constants, workspace, outputs, dependencies.
  static func random(seed: UInt64, steps count: Int, reach: Int) -> PlanningProblem {
    var random = PlanningRandom(state: seed)
    var problem = PlanningProblem.empty
    problem.alignment = [1, 4, 16, 64][random.below(4)]
    func size() -> Int { random.chance(50) ? 64 * (1 + random.below(16)) : 1 + random.below(700) }
    var values = [problem.add(size(), pinned: true)]
    if random.chance(40) { values.append(problem.add(size(), pinned: true)) }
    var concatenation: Int?
    while problem.steps.count < count {
      var reads: [Int] = []
      for _ in 0..<(1 + random.below(3)) {
        let value = values[values.count - 1 - random.below(min(reach, values.count))]
        if value != concatenation, !reads.contains(value) { reads.append(value) }
      }
      if random.chance(12) { reads = [] }
      if random.chance(15), problem.steps.count + 1 < count {
        let scratch = problem.add(size())
        problem.step([], [scratch])
        reads.append(scratch)
      }
      var writes = [problem.add(size(), pinned: random.chance(8))]
      if let open = concatenation {
        writes = [open]
        if random.chance(50) {
          values.append(open)
          concatenation = nil
        }
      } else if random.chance(15) {
        concatenation = writes[0]
      } else {
        values.append(writes[0])
      }
      if random.chance(10) { writes.append(problem.add(size())) }
      let earlier =
        random.chance(8) && !problem.steps.isEmpty ? [random.below(problem.steps.count)] : []
      problem.step(reads, writes, inPlace: random.chance(35), after: earlier)
    }
    return problem
  }

  /// Blocks of layers, each of which reads all that its block has made so far (written as regions of
  /// one tensor), with decoded weights and workspace.
  static func denselyConnected(blocks: Int, layers: Int) -> PlanningProblem {
    var problem = PlanningProblem.empty
    var features = problem.add(1 << 14)
    problem.step([problem.add(3000, pinned: true)], [features])
    for block in 0..<blocks {
      let all = problem.add(4096 * (layers + 4))
      problem.step([features], [all])
      for layer in 0..<layers {
        let weights = problem.add(500 + 10 * layer)
        let middle = problem.add(16384)
        let active = problem.add(16384)
        problem.step([problem.add(9, pinned: true)], [weights])
        problem.step([all, weights], [middle])
        problem.step([middle], [active], inPlace: true)
        let workspace = problem.add(700)
        problem.step([active], [all, workspace])
      }
      features = problem.add(4096 * (layers + 4) / (block % 2 == 0 ? 4 : 2))
      problem.step([all], [features])
    }
    problem.step([features], [problem.add(4000, pinned: true)])
    return problem
  }
}

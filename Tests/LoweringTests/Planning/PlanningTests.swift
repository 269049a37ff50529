// SPDX-License-Identifier: Apache-2.0
import Testing

import Lowering

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite struct PlanningTests {
  @Test func smallGraphsAgainstExhaustiveSearch() async throws {
    #if DEBUG
      let count = 50
    #else
      let count = 500
    #endif
    typealias Outcome = (seed: Int, bound: Int, peak: Int, best: Int, reached: Int)
    let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
      for seed in 0..<count {
        group.addTask {
          let problem = PlanningProblem.random(
            seed: UInt64(seed), steps: 3 + seed % 6, reach: 2 + seed % 4)
          let plan = try problem.plan()
          #expect(plan.violations(of: problem) == [], "seed \(seed)")
          let optimum = ExhaustivePlanner(problem)
          return (seed, plan.lowerBound, optimum.peak, optimum.arena, plan.arenaBytes)
        }
      }
      var all: [Outcome] = []
      for try await outcome in group { all.append(outcome) }
      return all
    }
    var optimal = 0
    var tight = 0
    for (seed, bound, peak, best, reached) in outcomes {
      #expect(bound <= best, "seed \(seed): the bound is no bound")
      #expect(peak <= best && best <= reached, "seed \(seed): the exhaustive search is not")
      #expect(Double(reached) <= 1.05 * Double(best), "seed \(seed): \(reached) for \(best)")
      if reached == best { optimal += 1 }
      if bound == best { tight += 1 }
    }
    print("planning: \(optimal) of \(count) optimal, bound tight in \(tight)")
    #expect(optimal == count)
    #expect(tight * 100 >= 70 * count)
  }

  @Test(arguments: [(60, 6), (200, 3), (200, 12), (400, 40)])
  func largerGraphsAreValidAndRepeatable(steps: Int, reach: Int) throws {
    for seed in 1...5 {
      let problem = PlanningProblem.random(seed: UInt64(seed), steps: steps, reach: reach)
      let plan = try problem.plan()
      #expect(plan.violations(of: problem) == [])
      #expect(plan.lowerBound <= plan.peakBytes && plan.peakBytes <= plan.arenaBytes)
      #expect(try problem.plan() == plan)
    }
  }

  @Test func chainInPlaceTakesOnePlace() throws {
    var problem = PlanningProblem.empty
    var last = problem.add(1000, pinned: true)
    for index in 0..<20 {
      let next = problem.add(1000 - index)
      problem.step([last], [next], inPlace: true)
      last = next
    }
    problem.step([last], [problem.add(10, pinned: true)])
    let plan = try problem.plan()
    #expect(plan.violations(of: problem) == [])
    #expect(plan.order == Array(problem.steps.indices))
    #expect(plan.arenaBytes == 1008 && plan.lowerBound == 1008)
    #expect(plan.shared.count == 19)
    #expect(plan.offsets[0] == nil)
  }

  @Test func whatIsReadLaterIsNotOverwritten() throws {
    var problem = PlanningProblem.empty
    let (a, b, sum) = (problem.add(100), problem.add(100), problem.add(100))
    problem.step([], [a])
    problem.step([a], [b], inPlace: true)
    problem.step([a, b], [sum], inPlace: true)
    problem.step([sum], [problem.add(100, pinned: true)], inPlace: true)
    let plan = try problem.plan()
    #expect(plan.violations(of: problem) == [])
    #expect(plan.arenaBytes == 224 && plan.lowerBound == 224)
    #expect(plan.shared.map(\.step) == [2])
  }

  /// Branches that expand and shrink again, listed side by side, must run one after the other.
  @Test func branchesRunOneAfterTheOther() throws {
    var problem = PlanningProblem.empty
    let source = problem.add(160)
    problem.step([problem.add(16, pinned: true)], [source])
    let wide = (0..<6).map { _ in problem.add(16000) }
    let narrow = (0..<6).map { _ in problem.add(16) }
    for tensor in wide { problem.step([source], [tensor]) }
    for branch in 0..<6 { problem.step([wide[branch]], [narrow[branch]]) }
    problem.step(narrow, [problem.add(96, pinned: true)])
    let plan = try problem.plan()
    #expect(plan.violations(of: problem) == [])
    #expect(plan.arenaBytes == 160 + 16000 + 16 * 5)
    #expect(plan.lowerBound == 160 + 16000)
  }

  @Test func badPlansAreFound() throws {
    let problem = PlanningProblem.random(seed: 7, steps: 8, reach: 3)
    let plan = try problem.plan()
    var reversed = plan
    reversed.order.reverse()
    #expect(reversed.violations(of: problem) != [])
    var crowded = plan
    crowded.offsets = plan.offsets.map { $0.map { _ in 0 } }
    #expect(crowded.violations(of: problem) != [])
    var small = plan
    small.arenaBytes -= problem.alignment
    #expect(small.violations(of: problem) != [])
  }

  @Test func hugeTensorsAreRefused() {
    var problem = PlanningProblem.empty
    problem.step([], [problem.add(.max / 2), problem.add(.max / 2)])
    #expect(throws: (any Error).self) { try problem.plan() }
  }
}

/// Large problems, each to be planned in a moment; times are looked at in release builds only.
@Suite(.serialized) struct PlanningScaleTests {
  /// What this thread has computed so far: other processes on the machine do not count.
  private static func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  private func planned(_ problem: PlanningProblem, within limit: Duration) throws -> MemoryPlan {
    let start = Self.threadTime()
    let plan = try problem.plan()
    let time = Self.threadTime() - start
    print("planning: \(problem.steps.count) steps in \(time), arena \(plan.arenaBytes),"
      + " peak \(plan.peakBytes), bound \(plan.lowerBound)")
    #if !DEBUG
      #expect(time < limit)
    #endif
    #expect(plan.violations(of: problem) == [])
    return plan
  }

  @Test func denselyConnectedLayers() throws {
    let problem = PlanningProblem.denselyConnected(blocks: 5, layers: 50)
    let plan = try planned(problem, within: .seconds(1))
    #expect(Double(plan.arenaBytes) <= 1.05 * Double(plan.lowerBound))
  }

  @Test func longChain() throws {
    var problem = PlanningProblem.empty
    var random = PlanningRandom(state: 1)
    var last = problem.add(64, pinned: true)
    var skip = last
    for index in 0..<20_000 {
      let next = problem.add(64 + random.below(4000))
      problem.step(index % 4 == 3 ? [last, skip] : [last], [next], inPlace: index % 3 == 0)
      if index % 4 == 3 { skip = next }
      last = next
    }
    let plan = try planned(problem, within: .seconds(2))
    #expect(plan.peakBytes == plan.lowerBound)
    #expect(plan.arenaBytes == plan.lowerBound)
  }

  @Test func manyBranchesSideBySide() throws {
    var problem = PlanningProblem.empty
    let source = problem.add(1000, pinned: true)
    var heads = (0..<100).map { _ in source }
    for depth in 0..<200 {
      for branch in heads.indices {
        let next = problem.add(depth == 199 ? 16 : 1600)
        problem.step([heads[branch]], [next])
        heads[branch] = next
      }
    }
    problem.step(heads, [problem.add(16, pinned: true)])
    let plan = try planned(problem, within: .seconds(8))
    #expect(plan.arenaBytes == 3200 + 99 * 16)
  }

  @Test func everythingLiveAtOnce() throws {
    var problem = PlanningProblem.empty
    let parts = (0..<10_000).map { _ in problem.add(32) }
    for part in parts { problem.step([], [part]) }
    problem.step(parts, [problem.add(32)])
    let plan = try planned(problem, within: .seconds(4))
    #expect(plan.arenaBytes == 32 * 10_001 && plan.lowerBound == plan.arenaBytes)
  }

  @Test func tangledGraph() throws {
    _ = try planned(.random(seed: 3, steps: 5000, reach: 200), within: .seconds(8))
  }
}

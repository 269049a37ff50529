// SPDX-License-Identifier: Apache-2.0

extension MemoryPlan {
  /// Checks the plan against its problem, step by step and by no means of the planner: the order is
  /// legal, every tensor has an aligned place within the arena, pairs share a place only where that
  /// is legal, and no other two tensors that are live at the same step overlap.
  ///
  /// - Returns: what is wrong; empty for a valid plan.
  package func violations(of problem: PlanningProblem) -> [String] {
    guard order.sorted() == Array(problem.steps.indices) else {
      return ["the order does not hold every step once"]
    }
    guard offsets.count == problem.tensors.count else {
      return ["there are \(offsets.count) offsets for \(problem.tensors.count) tensors"]
    }
    var result = orderViolations(of: problem)
    if arenaBytes % problem.alignment != 0 { result.append("the size of the arena is not aligned") }
    if arenaBytes < lowerBound { result.append("the arena is smaller than the lower bound") }

    // (first, last) position of each tensor in the order.
    var spans: [(first: Int, last: Int)?] = problem.tensors.map { _ in nil }
    for (position, index) in order.enumerated() {
      for tensor in problem.steps[index].reads + problem.steps[index].writes {
        spans[tensor] = (spans[tensor]?.first ?? position, position)
      }
    }
    for (tensor, span) in spans.enumerated() {
      guard span != nil, !problem.tensors[tensor].isPinned else { continue }
      guard let offset = offsets[tensor] else {
        result.append("tensor \(tensor) has no place")
        continue
      }
      let (end, overflow) = offset.addingReportingOverflow(problem.tensors[tensor].bytes)
      if offset < 0 || offset % problem.alignment != 0 || overflow || end > arenaBytes {
        result.append("tensor \(tensor) has the wrong place \(offset)")
      }
    }
    if !result.isEmpty { return result }
    return sharingViolations(of: problem, spans) + overlaps(of: problem, spans)
  }

  private func orderViolations(of problem: PlanningProblem) -> [String] {
    var result: [String] = []
    var position = order
    for (place, step) in order.enumerated() { position[step] = place }
    // For each tensor the latest places so far of a step that writes, and of one that reads it.
    var written = problem.tensors.map { _ in -1 }
    var read = written
    for (index, step) in problem.steps.enumerated() {
      let place = position[index]
      for other in step.dependencies where position[other] >= place {
        result.append("step \(index) does not come after \(other)")
      }
      for tensor in step.reads where written[tensor] >= place {
        result.append("step \(index) reads tensor \(tensor) too early")
      }
      for tensor in step.writes where read[tensor] >= place {
        result.append("step \(index) writes tensor \(tensor) too early")
      }
      for tensor in step.reads { read[tensor] = max(read[tensor], place) }
      for tensor in step.writes { written[tensor] = max(written[tensor], place) }
    }
    return result
  }

  private func sharingViolations(
    of problem: PlanningProblem, _ spans: [(first: Int, last: Int)?]
  ) -> [String] {
    var result: [String] = []
    var taken = Set<Int>()
    var given = Set<Int>()
    for choice in shared {
      let isAllowed = problem.steps[choice.step].inPlace.contains {
        $0.read == choice.read && $0.write == choice.write
      }
      let isAlone = taken.insert(choice.write).inserted && given.insert(choice.read).inserted
      let isInTime =
        spans[choice.read].map { order[$0.last] == choice.step && $0.first < $0.last } ?? false
        && spans[choice.write].map { order[$0.first] == choice.step } ?? false
      let isPinned =
        problem.tensors[choice.read].isPinned || problem.tensors[choice.write].isPinned
      if !isAllowed || !isAlone || !isInTime || isPinned
        || offsets[choice.read] != offsets[choice.write]
      {
        result.append("step \(choice.step) must not write \(choice.write) over \(choice.read)")
      }
    }
    return result
  }

  private func overlaps(
    of problem: PlanningProblem, _ spans: [(first: Int, last: Int)?]
  ) -> [String] {
    var result: [String] = []
    var pairs: [Int: Set<[Int]>] = [:]
    for choice in shared { pairs[choice.step, default: []].insert([choice.read, choice.write]) }
    // The tensors live at the step.
    var live: [(offset: Int, tensor: Int)] = []
    for (position, index) in order.enumerated() {
      let step = problem.steps[index]
      for tensor in Set(step.reads + step.writes).sorted() {
        guard spans[tensor]?.first == position, problem.tensors[tensor].bytes > 0,
          !problem.tensors[tensor].isPinned, let offset = offsets[tensor]
        else { continue }
        let end = offset + problem.tensors[tensor].bytes
        for (otherOffset, other) in live
        where otherOffset < end && offset < otherOffset + problem.tensors[other].bytes
          && pairs[index]?.contains([other, tensor]) != true
        {
          result.append("tensors \(other) and \(tensor) overlap at step \(index)")
        }
        live.append((offset, tensor))
      }
      live.removeAll { spans[$0.tensor]?.last == position }
    }
    return result
  }
}

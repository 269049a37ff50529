// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// A small graph that shows by itself what a pass does wrong.
struct Reproducer {
  let graph: Graph
  /// Its inputs; none if the pass fails whatever they are.
  let inputs: [Tensor]
  let pipeline: Pipeline
  let tolerance: BisectTolerance?
}

/// Looks for the smallest part of a graph that shows what a pass does wrong when it runs on that
/// part alone.
struct ReproducerSearch {
  let trial: PassTrial
  let runner: TrialRunner
  let progress: (String) -> Void

  // MARK: Passes that fail

  /// Shrinks the graph on which a pass fails while it fails in the same way.
  func reproducer(
    of failure: PassFailure, _ pipeline: Pipeline, on graph: Graph
  ) throws(Failure) -> Reproducer {
    let (trial, runner) = (trial, runner)
    var reducer = GraphReducer(
      graph, budget: TestBudget(runs: 400, seconds: 120), progress: progress
    ) {
      (candidate) throws(Failure) in
      switch try trial.run(pipeline, on: candidate, isQuiet: true) {
      case .failed(let other): return other.signature == failure.signature
      case .graph(let after):
        guard failure.text.hasPrefix(PassFailure.notRunnable) else { return false }
        return Self.runs(candidate, runner) && !Self.runs(after, runner)
      }
    }
    try reducer.run()
    return Reproducer(graph: reducer.graph, inputs: [], pipeline: pipeline, tolerance: nil)
  }

  private static func runs(_ graph: Graph, _ runner: TrialRunner) -> Bool {
    guard let inputs = try? SeededInputs.tensors(for: graph, seed: 1),
      let compute = try? runner.prepare(graph)
    else { return false }
    return (try? compute(inputs)) != nil
  }

  // MARK: Outputs that moved

  /// The part around a suspect that shows the movement, and that suspect; the whole graph if no
  /// smaller part does.
  func reproducer(
    of movement: Bisection.Movement, _ locator: FaultLocator, inputs: [Tensor],
    tolerance: BisectTolerance
  ) throws(Failure) -> (suspect: FaultLocator.Suspect?, reproducer: Reproducer) {
    let budget = TestBudget(runs: 80, seconds: 120)
    let before = movement.before
    var correspondence = locator.correspondence
    func shows(_ ops: [OpID]) throws(Failure) -> Bool {
      guard !ops.isEmpty, !budget.isSpent else { return false }
      budget.count()
      progress("reproducer of \(ops.count) ops")
      return try self.shows(part(ops, movement, locator), movement.pipeline, tolerance)
    }
    var near: [OpID]?
    var culprit = locator.suspects.first
    for suspect in locator.suspects.prefix(8) where near == nil {
      var region = Region(
        correspondence.origins(of: suspect.op) + producers(of: suspect, before), in: before)
      for _ in 0...3 where near == nil {
        if try shows(region.ops) { (near, culprit) = (region.ops, suspect) }
        region.grow()
      }
    }
    if near == nil, let first = locator.suspects.first {
      var region = Region(
        correspondence.origins(of: first.op) + producers(of: first, before), in: before)
      for radius in 1...24 where near == nil && region.grow() && radius > 3 && radius % 4 == 0 {
        if try shows(region.ops) { near = region.ops }
      }
    }
    guard let near else {
      return (
        culprit,
        Reproducer(
          graph: before, inputs: inputs, pipeline: movement.pipeline, tolerance: movement.tolerance)
      )
    }
    let least = try DeltaDebugging.minimize(near, isSpent: { budget.isSpent }, shows)
    let (graph, tensors) = try part(least, movement, locator)
    return (
      culprit,
      Reproducer(graph: graph, inputs: tensors, pipeline: movement.pipeline, tolerance: tolerance)
    )
  }

  private func producers(of suspect: FaultLocator.Suspect, _ before: Graph) -> [OpID] {
    before.producer(of: suspect.counterpart).map { [$0] } ?? []
  }

  /// Some ops as a graph, with what flows into them.
  private func part(
    _ ops: [OpID], _ movement: Bisection.Movement, _ locator: FaultLocator
  ) throws(Failure) -> (graph: Graph, inputs: [Tensor]) {
    let cut = try GraphCut(movement.before, keeping: ops, plainInputs: true)
    return (cut.graph, cut.inputs.compactMap { locator.valuesBefore[$0] })
  }

  /// Whether the outputs of a part move when the passes run on it.
  private func shows(
    _ part: (graph: Graph, inputs: [Tensor]), _ pipeline: Pipeline, _ tolerance: BisectTolerance
  ) throws(Failure) -> Bool {
    let (graph, inputs) = part
    guard inputs.count == graph.inputs.count, !graph.outputs.isEmpty,
      case .graph(let after) = try trial.run(pipeline, on: graph, isQuiet: true),
      after.inputs.map({ after.type(of: $0.value) }) == inputs.map(\.type),
      after.outputs.map({ after.type(of: $0.value) }) == graph.outputs.map({ graph.type(of: $0.value) }),
      let expected = try? runner.prepare(graph)(inputs),
      let found = try? runner.prepare(after)(inputs)
    else { return false }
    let comparison = OutputComparison(
      [expected], [found], ports: after.outputs, tolerance: tolerance)
    return comparison.fault != nil
  }
}

/// Some ops of a graph that grow by their neighbours.
private struct Region {
  private let graph: Graph
  private var isInside = SideTable<OpRecord, Bool>(default: false)
  private var frontier: [OpID] = []

  init(_ ops: [OpID], in graph: Graph) {
    self.graph = graph
    add(ops)
  }

  /// The ops in the order of the graph.
  var ops: [OpID] { graph.opIDs.filter { isInside[$0] } }

  /// Adds what makes the operands and what reads the results; false if there is nothing to add.
  @discardableResult
  mutating func grow() -> Bool {
    let edge = frontier
    frontier = []
    for op in edge {
      add(graph.operands(of: op).compactMap { $0.flatMap { graph.producer(of: $0) } })
      for result in graph.results(of: op) { add(graph.uses(of: result).map(\.user)) }
    }
    return !frontier.isEmpty
  }

  private mutating func add(_ ops: [OpID]) {
    for op in ops where !isInside[op] {
      isInside[op] = true
      frontier.append(op)
    }
  }
}

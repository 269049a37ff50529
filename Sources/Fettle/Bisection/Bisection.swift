// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// Runs a pipeline pass by pass and finds the first pass that fails, or whose graph has outputs
/// beyond the tolerance: those of the graph before it first, then, as small errors add up, those of
/// the original.
struct Bisection {
  let original: Graph
  let pipeline: Pipeline
  /// What passes are given.
  let context: PassContext
  /// For each sample a tensor for each input port.
  let samples: [[Tensor]]
  let trial: PassTrial
  let runner: TrialRunner
  /// What the user allows; nil: what the passes' effects suggest.
  let tolerance: BisectTolerance?

  /// What is to blame.
  enum Culprit {
    case failed(PassFailure, position: Int, before: Graph)
    case moved(Movement)
  }

  /// Outputs that moved too far.
  struct Movement {
    /// The pass.
    let position: Int
    let before: Graph
    let after: Graph
    /// What leads from `before` to `after`: the pass, or, if errors added up, all passes up to it.
    let pipeline: Pipeline
    let tolerance: BisectTolerance
    /// The sample on which it shows, the outputs that are off, and how far.
    let sample: Int
    let outputs: [Int]
    let text: String
  }

  /// Finds the culprit, or nil.
  ///
  /// - Parameter tell: is given a line for each pass.
  func run(_ tell: (String) throws(Failure) -> Void) throws(Failure) -> Culprit? {
    var current = original
    var outputs: [[Tensor]]?
    var originalOutputs: [[Tensor]]?
    for (position, pass) in pipeline.passes.enumerated() {
      let head = "pass \(position + 1) of \(pipeline.passes.count), \(type(of: pass).name): "
      let obstacles = pass.requires.compactMap { $0.obstacle(in: current, context) }
      if let obstacle = obstacles.first {
        try tell(head + "left out, \(obstacle)")
        continue
      }
      let after: Graph
      switch try trial.run(Pipeline([pass]), on: current) {
      case .failed(let failure): return .failed(failure, position: position, before: current)
      case .graph(let graph): after = graph
      }
      guard after.text().text != current.text().text else {
        try tell(head + "changes nothing")
        continue
      }
      try checkPorts(after, type(of: pass).name)
      let before = if let outputs { outputs } else { try runner.outputs(of: current, samples) }
      if originalOutputs == nil { originalOutputs = before }
      let found: [[Tensor]]
      do throws(Failure) {
        found = try runner.outputs(of: after, samples)
      } catch {
        let failure = PassFailure(
          PassFailure.notRunnable + error.description, pass: type(of: pass).name)
        return .failed(failure, position: position, before: current)
      }
      let limit = tolerance ?? BisectTolerance(for: type(of: pass).effect)
      let step = OutputComparison(before, found, ports: after.outputs, tolerance: limit)
      if let fault = step.fault {
        return .moved(
          Movement(
            position: position, before: current, after: after, pipeline: Pipeline([pass]),
            tolerance: limit,
            sample: fault.sample, outputs: fault.outputs, text: fault.text))
      }
      let prefix = Pipeline(Array(pipeline.passes[...position]))
      let total = tolerance ?? BisectTolerance(for: prefix.effect)
      let whole = OutputComparison(
        originalOutputs ?? before, found, ports: after.outputs, tolerance: total)
      if let fault = whole.fault {
        return .moved(
          Movement(
            position: position, before: original, after: after, pipeline: prefix, tolerance: total,
            sample: fault.sample, outputs: fault.outputs, text: fault.text))
      }
      try tell(head + step.text)
      (current, outputs) = (after, found)
    }
    return nil
  }

  /// A pass that gives the model other ports leaves nothing to compare.
  private func checkPorts(_ graph: Graph, _ pass: String) throws(Failure) {
    func types(_ graph: Graph) -> (inputs: [TensorType], outputs: [TensorType]) {
      (graph.inputs.map { graph.type(of: $0.value) }, graph.outputs.map { graph.type(of: $0.value) })
    }
    let (before, after) = (types(original), types(graph))
    guard before != after else { return }
    throw Failure(
      "changes the \(before.inputs != after.inputs ? "inputs" : "outputs"), so that outputs cannot be compared",
      at: Origin(subject: "pass '\(pass)'"),
      notes: ["leave the pass out, or run it first by 'fettle opt' and bisect its result"])
  }
}

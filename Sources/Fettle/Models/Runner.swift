// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import Execution
import GraphIR
import LoopIR
import Lowering
import Rewriting
import Targets
import Tensors

/// The options by which commands choose how a model is run on this machine.
enum RunnerOptions {
  static let interpret = CommandOption<Bool>(
    "--interpret", help: "run by the reference evaluator instead of compiled C")

  static let all = [interpret.untyped, TargetOptions.target.untyped]

  /// What runs graphs: emitted C, or the evaluator.
  static func runner(
    _ arguments: Arguments, _ session: Session
  ) throws(Failure) -> any ModelRunner {
    if arguments.has(interpret) { return EvaluatorRunner() }
    let target = try TargetOptions.target(arguments, session, default: "host")
    return try CompiledRunner(
      target: target, table: session.toolkit.lowerings, keepFault: FaultKeeper.keep)
  }

  /// What runs graphs for passes and the ledger, whatever target the user works for: C for this
  /// machine, or the evaluator.
  static func passRunner(
    _ arguments: Arguments, _ session: Session
  ) throws(Failure) -> any ModelRunner {
    if arguments.has(interpret) { return EvaluatorRunner() }
    return try CompiledRunner(
      target: HostMachine.target, table: session.toolkit.lowerings, keepFault: FaultKeeper.keep)
  }
}

extension RunnerOptions {
  /// What runs many graphs like one on some samples: C, or the evaluator where it is done before the
  /// C is compiled (about a tenth of a second for each op) or is asked for.
  static func trialRunner(
    like graph: Graph, sampleCount: Int, _ arguments: Arguments, _ session: Session
  ) throws(Failure) -> any ModelRunner {
    let cost = GraphCost(of: graph)
    let work = Double(cost.multiplyAccumulates) * Double(sampleCount)
    let isQuick = work < 1e8 * Double(cost.ops)
    return try isQuick ? EvaluatorRunner() : passRunner(arguments, session)
  }
}

/// A runner that can also prepare a graph once for many calls.
protocol ModelRunner: GraphRunner {
  /// A function from inputs to outputs.
  func prepare(_ graph: Graph) throws(Failure) -> @Sendable ([Tensor]) throws(Failure) -> [Tensor]
}

extension CompiledRunner: ModelRunner {
  func prepare(
    _ graph: Graph
  ) throws(Failure) -> @Sendable ([Tensor]) throws(Failure) -> [Tensor] {
    let program = try compile(graph)
    return { (inputs) throws(Failure) in try program.run(inputs) }
  }
}

/// The reference evaluator as a runner, samples on all cores.
struct EvaluatorRunner: ModelRunner {
  func prepare(
    _ graph: Graph
  ) throws(Failure) -> @Sendable ([Tensor]) throws(Failure) -> [Tensor] {
    let evaluator = Evaluator(graph)
    return { (inputs) throws(Failure) in try evaluator.run(try graph.portTensors(for: inputs)) }
  }

  func run(
    _ graph: Graph, on samples: Samples, _ receive: (Int, [Tensor]) throws(Failure) -> Void
  ) throws(Failure) {
    let compute = try prepare(graph)
    try ParallelSamples.run(samples, compute, receive)
  }
}

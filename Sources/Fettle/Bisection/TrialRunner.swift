// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import Execution
import GraphIR
import Rewriting
import Tensors

/// Runs graphs for a bisection: as emitted C or by the evaluator, on a tensor for each input port, whatever its role.
struct TrialRunner {
  private let compiled: CompiledRunner?
  /// The options that choose the same runner, for a command line.
  let words: [String]

  /// More values than this are not made outputs of one compiled function; the evaluator runs such graphs.
  private static let probeLimit = 2000

  init(_ arguments: Arguments, _ session: Session) throws(Failure) {
    compiled = try RunnerOptions.runner(arguments, session) as? CompiledRunner
    var words = arguments.has(RunnerOptions.interpret) ? ["--interpret"] : []
    if let target = try arguments[TargetOptions.target] {
      let isFile = target.hasSuffix(".json")
      words += ["--target", isFile ? (try? Platform.canonicalPath(target)) ?? target : target]
    }
    self.words = words
  }

  /// A function from inputs to outputs.
  func prepare(_ graph: Graph) throws(Failure) -> @Sendable ([Tensor]) throws(Failure) -> [Tensor] {
    if let compiled { return try compiled.prepare(graph) }
    let evaluator = Evaluator(graph)
    return { (inputs) throws(Failure) in try evaluator.run(inputs) }
  }

  /// All results of all ops for a sample, and the inputs.
  func values(of graph: Graph, _ inputs: [Tensor]) throws(Failure) -> SideTable<ValueRecord, Tensor?> {
    var found = SideTable<ValueRecord, Tensor?>(default: nil)
    for (port, tensor) in zip(graph.inputs, inputs) { found[port.value] = tensor }
    let results = graph.opIDs.flatMap { graph.results(of: $0) }
    guard let compiled, results.count <= Self.probeLimit else {
      _ = try Evaluator(graph).run(inputs) { (value, tensor) throws(Failure) in found[value] = tensor }
      return found
    }
    var probe = graph
    probe.rewrite { rw in
      for (i, value) in results.enumerated() { rw.addOutput(name: "probe.\(i)", value: value) }
    }
    let tensors = try compiled.prepare(probe)(inputs).dropFirst(graph.outputs.count)
    for (value, tensor) in zip(results, tensors) { found[value] = tensor }
    return found
  }
}

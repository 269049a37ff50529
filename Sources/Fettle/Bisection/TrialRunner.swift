// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import Execution
import GraphIR
import Rewriting
import Tensors

/// Runs graphs for a bisection, on a tensor for each input port, whatever its role: by the
/// evaluator, which is quick for few samples and has no rounding of its own between ops, or as
/// emitted C.
struct TrialRunner {
  static let compiled = CommandOption<Bool>(
    "--compiled",
    help: "run by compiled C instead of the reference evaluator: quicker for many samples")
  static let options = [compiled.untyped, TargetOptions.target.untyped]

  private let compiled: CompiledRunner?
  /// The options that choose the same runner, for a command line.
  let words: [String]

  /// More values than this are not made outputs of one compiled function; the evaluator runs such
  /// graphs.
  private static let probeLimit = 2000

  init(_ arguments: Arguments, _ session: Session) throws(Failure) {
    let named = try arguments[TargetOptions.target]
    guard arguments.has(Self.compiled) || named != nil else {
      (compiled, words) = (nil, [])
      return
    }
    let target = try TargetOptions.target(arguments, session, default: "host")
    // Graphs that fail are what a search is about: it keeps the one that matters.
    compiled = try CompiledRunner(target: target, table: session.toolkit.lowerings)
    let isFile = named?.hasSuffix(".json") ?? false
    let path = named.map { isFile ? (try? Platform.canonicalPath($0)) ?? $0 : $0 }
    words = ["--compiled"] + (path.map { ["--target", $0] } ?? [])
  }

  /// A function from inputs to outputs.
  func prepare(_ graph: Graph) throws(Failure) -> @Sendable ([Tensor]) throws(Failure) -> [Tensor] {
    if let compiled { return try compiled.prepare(graph) }
    let evaluator = Evaluator(graph)
    return { (inputs) throws(Failure) in try evaluator.run(inputs) }
  }

  /// The outputs for each sample, samples on all cores.
  func outputs(of graph: Graph, _ samples: [[Tensor]]) throws(Failure) -> [[Tensor]] {
    var all: [[Tensor]] = []
    try ParallelSamples.run(Samples(samples), try prepare(graph)) { all.append($1) }
    return all
  }

  /// All results of all ops for a sample, and the inputs.
  func values(of graph: Graph, _ inputs: [Tensor]) throws(Failure) -> SideTable<
    ValueRecord, Tensor?
  > {
    var found = SideTable<ValueRecord, Tensor?>(default: nil)
    for (port, tensor) in zip(graph.inputs, inputs) { found[port.value] = tensor }
    let results = graph.opIDs.flatMap { graph.results(of: $0) }
    guard let compiled, results.count <= Self.probeLimit else {
      _ = try Evaluator(graph).run(inputs) { (value, tensor) throws(Failure) in
        found[value] = tensor
      }
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

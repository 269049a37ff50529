// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Execution
import GraphIR
import LoopIR
import Lowering
import Rewriting
import Targets
import Tensors

/// What the ledger runs the graphs of the stages on, and by what.
struct LedgerMeasurement {
  /// What a stage did to the outputs.
  struct Result {
    /// Against the graph in front of the pass, and the one that came.
    var fromBefore = OutputError()
    var fromOriginal = OutputError()
    var accuracy: Accuracy?
    /// The planned arena on the target; nil where the graph does not lower as it is.
    var arenaBytes: Int?
  }

  let runner: any ModelRunner
  let samples: Samples
  private let data: DataSet?
  private let target: Target
  private let table: LoweringTable
  private let progress: Progress

  /// What the options ask for: nil unless there are data, or `--ledger=full` wants four made-up inputs in their place.
  init?(
    for graph: Graph, _ data: DataSet?, target: Target, _ arguments: Arguments, _ session: Session,
    _ progress: Progress
  ) throws(Failure) {
    let forms = try LedgerForms(arguments)
    guard data != nil || forms.isFull else { return nil }
    try data?.checkLabels(for: graph)
    runner = try RunnerOptions.passRunner(arguments, session)
    samples =
      data?.samples
      ?? Samples(count: 4) { (i) throws(Failure) in
        try SeededInputs.tensors(for: graph, seed: UInt64(i) + 1)
      }
    self.data = data
    self.target = target
    table = session.toolkit.lowerings
    self.progress = progress
  }

  /// Runs the graphs of a stage on every sample, all three at once, so that no sample's outputs are
  /// kept.
  func measure(
    _ name: String, original: Graph, before: Graph, after: Graph
  ) throws(Failure) -> Result {
    progress.begin("measure \(name)", total: samples.count)
    defer { progress.end() }
    let computes = [
      try runner.prepare(original), try runner.prepare(before), try runner.prepare(after),
    ]
    let width = after.outputs.count
    var result = Result()
    var meter = try data.map { (data) throws(Failure) in try AccuracyMeter(data, for: after) }
    try ParallelSamples.run(samples) { (inputs) throws(Failure) in
      var outputs: [Tensor] = []
      for compute in computes { outputs += try compute(inputs) }
      return outputs
    } _: { (i, outputs) throws(Failure) in
      guard outputs.count == 3 * width else {
        throw Failure("the pass has changed the number of outputs")
      }
      let found = Array(outputs[(2 * width)...])
      result.fromOriginal.add(expected: Array(outputs[..<width]), found: found)
      result.fromBefore.add(expected: Array(outputs[width..<(2 * width)]), found: found)
      try meter?.add(i, found)
      progress.advance(to: i + 1)
    }
    result.accuracy = meter?.accuracy
    result.arenaBytes = try arenaBytes(of: after)
    return result
  }

  /// The planned arena; nil if a lowering declines the graph.
  private func arenaBytes(of graph: Graph) throws(Failure) -> Int? {
    do throws(Failure) {
      return try Lowerer(target: target, table: table, keepFault: FaultKeeper.keep)
        .lower(graph, name: "stage").program.arenaBytes
    } catch {
      guard error.kind == .unsupported else { throw error }
      return nil
    }
  }
}

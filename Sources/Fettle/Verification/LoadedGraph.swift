// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Dispatch
import Execution
import GraphIR
import Rewriting
import Synchronization
import Tensors

/// A graph that is ready to be run: as loaded C, or by the evaluator.
struct LoadedGraph: GraphRunner {
  /// What makes one.
  typealias Maker = @Sendable () -> Result<LoadedGraph, Failure>

  /// From inputs to outputs.
  let compute: @Sendable ([Tensor]) throws(Failure) -> [Tensor]

  /// What makes a graph ready by a runner.
  static func maker(_ graph: Graph, _ runner: any ModelRunner) -> Maker {
    { () in load(graph, runner) }
  }

  private static func load(_ graph: Graph, _ runner: any ModelRunner) -> Result<LoadedGraph, Failure> {
    do throws(Failure) {
      return .success(LoadedGraph(compute: try runner.prepare(graph)))
    } catch {
      return .failure(error)
    }
  }

  /// Several, made side by side.
  static func all(_ makers: [Maker]) throws(Failure) -> [LoadedGraph] {
    let results = Mutex<[Result<LoadedGraph, Failure>?]>(Array(repeating: nil, count: makers.count))
    DispatchQueue.concurrentPerform(iterations: makers.count) { i in
      let result = makers[i]()
      results.withLock { $0[i] = result }
    }
    var graphs: [LoadedGraph] = []
    for result in results.withLock({ $0 }) {
      guard let result else { unreachable("every graph is made") }
      graphs.append(try result.get())
    }
    return graphs
  }

  /// Runs the samples; the graph can be none but that which was loaded.
  func run(
    _ graph: Graph, on samples: Samples, _ receive: (Int, [Tensor]) throws(Failure) -> Void
  ) throws(Failure) {
    try ParallelSamples.run(samples, compute, receive)
  }
}

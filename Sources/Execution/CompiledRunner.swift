// SPDX-License-Identifier: Apache-2.0
public import CEmission
public import CompilerSupport
import Dispatch
public import GraphIR
public import Lowering
public import Rewriting
import Synchronization
public import Targets
public import Tensors

/// Runs graphs as emitted C on this machine, samples on all cores.
public struct CompiledRunner: GraphRunner {
  /// The target that code is made for; this machine must be able to run it.
  public let target: Target
  /// The lowerings to choose from.
  public let table: LoweringTable
  /// How weights are written; `bin`, which needs a file to be read, as `automatic`.
  public let weights: WeightStorage
  /// Keeps a graph whose program is not sound (see `Lowerer`).
  public var keepFault: (@Sendable (Graph, Target) -> [String])?
  private let compiler: HostCompiler

  /// A runner for this machine's target.
  ///
  /// - Throws: if there is no C compiler.
  public init(
    target: Target, table: LoweringTable = .standard, weights: WeightStorage = .automatic,
    keepFault: (@Sendable (Graph, Target) -> [String])? = nil
  ) throws(Failure) {
    self.target = target
    self.table = table
    self.weights = weights
    self.keepFault = keepFault
    compiler = try HostCompiler()
  }

  /// The graph as loaded code.
  public func compile(_ graph: Graph) throws(Failure) -> CompiledProgram {
    let lowered = try Lowerer(target: target, table: table, keepFault: keepFault)
      .lower(graph, name: "model")
    return try CompiledProgram(
      lowered.program, target: target, compiler: compiler, weights: weights)
  }

  public func run(
    _ graph: Graph, on samples: Samples, _ receive: (Int, [Tensor]) throws(Failure) -> Void
  ) throws(Failure) {
    let program = try compile(graph)
    try ParallelSamples.run(samples, { (inputs) throws(Failure) in try program.run(inputs) }, receive)
  }
}

/// Samples computed on all cores and handed over in order.
public enum ParallelSamples {
  /// Computes each sample by `compute` and hands the outputs to `receive` in the order of the samples, a block of them at a time, so that
  /// memory does not grow with their number.
  public static func run(
    _ samples: Samples,
    _ compute: @Sendable (_ inputs: [Tensor]) throws(Failure) -> [Tensor],
    _ receive: (Int, [Tensor]) throws(Failure) -> Void
  ) throws(Failure) {
    let block = Platform.coreCount * 8
    var start = 0
    while start < samples.count {
      let count = Swift.min(block, samples.count - start)
      let first = start
      let results = Mutex<[Result<[Tensor], Failure>?]>(Array(repeating: nil, count: count))
      DispatchQueue.concurrentPerform(iterations: count) { i in
        let result: Result<[Tensor], Failure>
        do throws(Failure) {
          result = .success(try compute(try samples.load(first + i)))
        } catch {
          result = .failure(error)
        }
        results.withLock { $0[i] = result }
      }
      for (i, result) in results.withLock({ $0 }).enumerated() {
        guard let result else { unreachable("every sample of a block is computed") }
        try receive(first + i, try result.get())
      }
      start += count
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// What emitted C is tried on before it is written.
struct CheckInputs {
  /// How many inputs there are.
  let count: Int
  /// What they are, in a word or two.
  let title: String
  private let makeInput: (Int) throws(Failure) -> (tensors: [Tensor], title: String)

  /// The deviations of made-up inputs; 0: zeros.
  static let scales = [1, 0.1, 10, 0.0]

  /// One tensor for each port, and what the input is called.
  func load(_ i: Int) throws(Failure) -> (tensors: [Tensor], title: String) { try makeInput(i) }

  /// Some samples of the data, from all over it, fewer of large graphs; made-up inputs of several scales
  /// without data.
  init(for graph: Graph, data: DataSet?) {
    guard let samples = data?.samples, samples.count > 0 else {
      count = Self.scales.count
      title = "made-up inputs"
      makeInput = { (i) throws(Failure) in
        let scale = Self.scales[i]
        return (
          try SeededInputs.tensors(for: graph, seed: UInt64(i) + 1, scale: scale),
          scale == 0 ? "input of zeros" : "made-up input of deviation \(scale)"
        )
      }
      return
    }
    let work = GraphCost(of: graph).multiplyAccumulates
    let affordable = max(2, min(8, 2_000_000_000 / max(work, 1)))
    let count = min(affordable, samples.count)
    self.count = count
    title = "samples"
    makeInput = { (i) throws(Failure) in
      let sample = i * samples.count / count
      return (try graph.portTensors(for: try samples.load(sample)), "sample \(sample)")
    }
  }
}

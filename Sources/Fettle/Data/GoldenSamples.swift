// SPDX-License-Identifier: Apache-2.0
import CEmission
import CompilerSupport
import Evaluation
import GraphIR
import Rewriting
import Tensors

/// Golden vectors for `--with-test`: inputs, and what the evaluator makes of them.
enum GoldenSamples {
  /// As many vectors as the option says: the first of the data, or made up; nil without the option.
  static func make(
    _ arguments: Arguments, _ graph: Graph, data: DataSet?
  ) throws(Failure) -> GoldenVectors? {
    guard let count = try arguments[EmissionChoices.test] else { return nil }
    var samples: [(inputs: [Tensor], outputs: [Tensor])] = []
    var scale = 0.0
    for i in 0..<min(count, data?.samples.count ?? count) {
      let inputs: [Tensor]
      if let data {
        inputs = try data.samples.load(i)
      } else {
        inputs = try SeededInputs.tensors(for: graph, seed: UInt64(i) + 1)
      }
      let outputs = try Evaluator(graph).run(inputs)
      for output in outputs where output.element.isFloat {
        scale = output.doubles().reduce(scale) { max($0, $1.isFinite ? abs($1) : 0) }
      }
      samples.append((inputs, outputs))
    }
    // Float kernels are held to 1e-4 of the largest output.
    return GoldenVectors(samples: samples, absolute: scale * 1e-4, relative: 0)
  }
}

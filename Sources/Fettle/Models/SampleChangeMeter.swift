// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// Measures by the evaluator, on a few of the user's samples or a made-up input: changes are rare, and small.
struct SampleChangeMeter: ChangeMeter {
  /// The user's samples; nil if there are none.
  let samples: Samples?

  func change(from before: Graph, to after: Graph) throws(Failure) -> OutputChange {
    let count = min(samples?.count ?? 0, 4)
    let (expected, found) = (
      try EvaluatorRunner().prepare(before), try EvaluatorRunner().prepare(after)
    )
    var share = 0.0
    for i in 0..<max(count, 1) {
      let inputs =
        if let samples, count > 0 { try samples.load(i) } else { try SeededInputs.tensors(for: before, seed: 1) }
      for (x, y) in zip(try expected(inputs), try found(inputs)) {
        share = max(share, TensorGap(expected: x, found: y).relative)
      }
    }
    return OutputChange(share: share, inputs: count == 0 ? "one made-up input" : "\(count) samples")
  }
}

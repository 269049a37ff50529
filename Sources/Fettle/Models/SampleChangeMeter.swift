// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// Measures by the evaluator, on a few of the user's samples or some made-up inputs: changes are rare, and small.
struct SampleChangeMeter: ChangeMeter {
  /// The user's samples; nil if there are none.
  let samples: Samples?

  func change(from before: Graph, to after: Graph) throws(Failure) -> OutputChange {
    let count = min(samples?.count ?? 0, 4)
    let made = count == 0 ? try Self.madeUp(for: before) : []
    let (expected, found) = (
      try EvaluatorRunner().prepare(before), try EvaluatorRunner().prepare(after)
    )
    var share = 0.0
    for i in 0..<max(count, made.count) {
      let inputs = if let samples, count > 0 { try samples.load(i) } else { made[i] }
      for (x, y) in zip(try expected(inputs), try found(inputs)) {
        share = max(share, TensorGap(expected: x, found: y).relative)
      }
    }
    return OutputChange(share: share, inputs: "\(count == 0 ? made.count : count) \(count == 0 ? "made-up inputs" : "samples")")
  }

  /// Inputs of several deviations, and two whose channels differ by many orders: what one hides, another may show.
  private static func madeUp(for graph: Graph) throws(Failure) -> [[Tensor]] {
    var made: [[Tensor]] = []
    for (i, scale) in [1, 0.1, 10, 1, 1].enumerated() {
      let tensors = try SeededInputs.tensors(for: graph, seed: UInt64(i) + 1, scale: scale)
      made.append(i < 3 ? tensors : tensors.enumerated().map { spread($1, seed: UInt64(i * 100 + $0)) })
    }
    return made
  }

  /// Floats whose channels (axis 1; elements where there is none) are scaled each by its own power of ten from -15 to 0.
  private static func spread(_ tensor: Tensor, seed: UInt64) -> Tensor {
    let extents = tensor.shape.extents
    guard tensor.element.isFloat, !extents.isEmpty, tensor.count > 0 else { return tensor }
    var generator = SplitMix64(seed: seed)
    let axis = extents.count > 1 ? 1 : 0
    let factors = (0..<extents[axis]).map { _ in Mathematics.pow(10, -Double(generator.next() % 16)) }
    let inner = extents[(axis + 1)...].reduce(1, *)
    return Tensor(
      tensor.type, rounding: tensor.doubles().enumerated().map { $1 * factors[$0 / inner % extents[axis]] })
  }
}

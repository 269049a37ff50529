// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// How sure a classifier is: the mean over samples of the largest probability. Outputs that are no
/// probabilities yet are taken for the logits of a softmax.
struct ConfidenceMeter {
  /// Sums over samples, if outputs are probabilities and if they are logits.
  private var largest = 0.0
  private var softmax = 0.0
  private var areProbabilities = true
  private var count = 0

  /// Nil for a graph whose first output is no row of scores: integers, a map, or of the inputs' size.
  init?(_ graph: Graph) {
    guard let output = graph.outputs.first else { return nil }
    let type = graph.type(of: output.value)
    let count = type.shape.elementCount
    let isLikeInput = graph.inputs.contains { graph.type(of: $0.value).shape == type.shape }
    guard type.element.isFloat, count > 1, type.shape.extents.contains(count), !isLikeInput
    else { return nil }
  }

  /// Enters the output of a sample; one that is not finite counts as not sure at all.
  mutating func add(_ output: Tensor) {
    count += 1
    let values = output.doubles()
    guard let most = values.max(), values.allSatisfy({ $0.isFinite }) else { return }
    let sum = values.reduce(0, +)
    // Integers of 8 bits add up to 1 roughly.
    if values.contains(where: { $0 < 0 }) || abs(sum - 1) > 0.1 { areProbabilities = false }
    largest += most
    softmax += 1 / values.reduce(0) { $0 + Mathematics.exp($1 - most) }
  }

  /// The mean, from 0 to 1; nil without samples.
  var mean: Double? {
    count == 0 ? nil : (areProbabilities ? largest : softmax) / Double(count)
  }
}

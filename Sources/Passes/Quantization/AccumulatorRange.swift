// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// The proof that sums of integer products stay within a type: Σ |w| · max |x| + |bias| for each
/// output, whatever the input and the order of the sum.
struct AccumulatorRange {
  /// The largest bound of an output, and which one has it.
  private(set) var bound = 0
  private(set) var output = 0

  /// Products of `reach` at most with weights that are known.
  ///
  /// - Parameters:
  ///   - zeros: the zero points of the weights, one or one for each output.
  ///   - axis: the axis of the weights along which outputs lie.
  init(
    weights: Tensor, zeros: [Int], axis: Int, reach: Int, bias: [Int]?
  ) throws(Declined) {
    let outputs = weights.shape[axis]
    let inner = weights.shape.extents[(axis + 1)...].reduce(1, *)
    var sums = Array(repeating: 0, count: outputs)
    for (i, w) in weights.integers().enumerated() {
      let output = i / inner % outputs
      sums[output] += abs(Int(w) - zeros[zeros.count == 1 ? 0 : output])
    }
    for (output, sum) in sums.enumerated() {
      try enter(output, sum, reach, bias?[output] ?? 0)
    }
  }

  /// `depth` products of computed integers.
  init(depth: Int, reaches: (Int, Int), bias: [Int]?) throws(Declined) {
    let largest = bias?.max { $0.magnitude < $1.magnitude }
    try enter(0, depth, reaches.0 * reaches.1, largest ?? 0)
  }

  private mutating func enter(
    _ output: Int, _ sum: Int, _ reach: Int, _ bias: Int
  ) throws(Declined) {
    let (product, overflow) = sum.multipliedReportingOverflow(by: reach)
    guard !overflow, product < 1 << 46, bias.magnitude < 1 << 46 else {
      throw Declined("the sum of output \(output) may leave 48 bits")
    }
    if product + abs(bias) > bound { (bound, self.output) = (product + abs(bias), output) }
  }

  /// Whether the sums fit 32 bits.
  var isNarrow: Bool { bound < 1 << 31 }
}

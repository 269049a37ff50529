// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors

/// One spatial axis of a window that slides over an input: which input positions the taps of an output position read.
struct SpatialAxis: Hashable {
  let input: Int
  let output: Int
  let kernel: Int
  var stride = 1
  var dilation = 1
  /// Padding before the first position.
  var before = 0
  /// Padding behind the last position.
  var after = 0

  /// An axis of one position, for kernels that want more axes than the tensor has.
  static let single = SpatialAxis(input: 1, output: 1, kernel: 1)

  /// The axes of a window over extents `input`, giving extents `output`.
  static func axes(_ window: Window, input: [Int], output: [Int]) -> [SpatialAxis] {
    input.indices.map { i in
      SpatialAxis(
        input: input[i], output: output[i], kernel: window.kernel[i], stride: window.strides[i],
        dilation: window.dilations[i], before: window.before[i], after: window.after[i])
    }
  }

  /// The positions from the first to the last tap.
  var span: Int { (kernel - 1) * dilation + 1 }

  /// The input position of a tap of an output position; outside of the input in the padding.
  func coordinate(_ output: Index, tap: Index) -> Index {
    output * stride + tap * dilation - before
  }

  /// Input positions that are read behind the last one.
  var reachAfter: Int {
    max(0, (output - 1) * stride + (kernel - 1) * dilation - before - (input - 1))
  }

  /// Output positions of which all taps read the input.
  var interior: Range<Int> {
    let first = (before + stride - 1) / stride
    let room = input - 1 + before - (kernel - 1) * dilation
    let last = room < 0 ? 0 : room / stride + 1
    let lower = min(first, output)
    return lower..<max(lower, min(last, output))
  }

  /// The bounds of the taps of an output position that read the input.
  func taps(at output: Index) -> (from: Bound, to: Bound) {
    // ⌈a / d⌉ = ⌊(a + d − 1) / d⌋
    let from = (Index(before) - output * stride + (dilation - 1)).quotient(by: dilation)
    let to = (Index(input + before) - output * stride + (dilation - 1)).quotient(by: dilation)
    return (.largest([Index(0), from]), .smallest([Index(kernel), to]))
  }

  /// The taps of an output position that read the input or its padding (not what a window has beyond).
  func paddedTaps(at output: Index) -> Bound {
    let to = Index(input + before + after) - output * stride + (dilation - 1)
    return .smallest([Index(kernel), to.quotient(by: dilation)])
  }

  /// The output positions in runs of one kind: whether their taps are clipped or all inside.
  var segments: [(range: Range<Int>, isInterior: Bool)] {
    [
      (0..<interior.lowerBound, false), (interior, true), (interior.upperBound..<output, false),
    ].filter { !$0.0.isEmpty }
  }
}

extension Bound {
  /// The largest of some indices, without those that their ranges show to be smaller than another.
  static func largest(_ indices: [Index]) -> Bound {
    pruned(indices) { a, b in a.range.upperBound <= b.range.lowerBound }
  }

  /// The smallest of some indices, without those that their ranges show to be larger than another.
  static func smallest(_ indices: [Index]) -> Bound {
    pruned(indices) { a, b in a.range.lowerBound >= b.range.upperBound }
  }

  private static func pruned(
    _ indices: [Index], _ isUseless: (Index, Index) -> Bool
  ) -> Bound {
    var kept: [Index] = []
    for (position, index) in indices.enumerated() {
      let others = kept + indices[(position + 1)...]
      if !others.contains(where: { isUseless(index, $0) }) { kept.append(index) }
    }
    return Bound(kept)
  }

  /// The extreme as a number.
  func value(_ function: BinaryOperator, _ element: ElementType) -> Expression {
    let values = indices.map { Expression.index($0, element) }
    return values.dropFirst().reduce(values[0]) { .binary(function, $0, $1) }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import LoopIR
import Tensors

/// The extents of a convolution.
struct ConvolutionShape {
  let input: TensorType
  let weight: TensorType
  let result: TensorType
  let groups: Int
  /// One for each spatial axis.
  let axes: [SpatialAxis]

  init(_ op: OpRef<Convolution>, in graph: Graph) {
    guard let input = graph.operand(op, .input), let weight = graph.operand(op, .weight),
      let window = try? op.attributes.window(graph.type(of: weight))
    else { unreachable("a verified convolution has its operands") }
    self.input = graph.type(of: input)
    self.weight = graph.type(of: weight)
    result = graph.type(of: graph.result(op))
    groups = op.attributes.groups
    axes = SpatialAxis.axes(
      window, input: Array(self.input.shape.extents.dropFirst(2)),
      output: Array(result.shape.extents.dropFirst(2)))
  }

  var batch: Int { result.shape[0] }
  /// Input and output channels of a group.
  var inputs: Int { weight.shape[1] }
  var outputs: Int { weight.shape[0] / groups }

  /// The border around the input that makes all taps readable, one for each dimension.
  var halo: [BufferLayout.Halo] {
    [.none, .none] + axes.map { .init(before: $0.before, after: $0.reachAfter) }
  }
}

extension BufferLayout {
  /// Whether the border is at least as wide as another.
  func covers(_ halo: [Halo]) -> Bool {
    zip(self.halo, halo).allSatisfy { $0.before >= $1.before && $0.after >= $1.after }
  }

  /// The factor of the blocks into which a dimension is split innermost; 1 if it is not.
  func blockFactor(along dimension: Int) -> Int {
    for axis in axes where axis.dimension == dimension {
      if case .inner(let factor) = axis.part { return factor }
    }
    return 1
  }
}

extension ElementType {
  /// The type in which products of elements are summed, for a result of this type.
  var accumulated: ElementType { computed }
}

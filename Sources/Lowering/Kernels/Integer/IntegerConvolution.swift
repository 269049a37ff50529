// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// A convolution of small integers by constant weights that a kernel is made for.
struct IntegerConvolution {
  let shape: ConvolutionShape
  let input: ValueID
  let weight: ValueID
  let result: ValueID
  let operands: IntegerOperands

  /// A convolution that has `IntegerOperands`; nil if it has no result to compute.
  init?(_ op: OpRef<Convolution>, in graph: Graph) {
    let shape = ConvolutionShape(op, in: graph)
    guard shape.result.shape.elementCount > 0 else { return nil }
    guard let input = graph.operand(op, .input), let weight = graph.operand(op, .weight),
      let operands = IntegerOperands(op, in: graph)
    else { unreachable("what is supported has these") }
    self.shape = shape
    (self.input, self.weight, result) = (input, weight, graph.result(op))
    self.operands = operands
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// The operands of an integer product that kernels of dot products need to know at compile time.
struct IntegerOperands {
  let weight: Tensor
  /// The constant bias, if there is one.
  let bias: Tensor?
  let inputZero: Int64
  /// The type of the inputs: i8, u8 or i16.
  let input: ElementType

  /// Whether the inputs are bytes.
  var hasBytes: Bool { input != .i16 }

  /// The operands if the inputs have 8 bits or are i16, the weights are constant i8 without a zero point, and what else there is is
  /// constant.
  init?(
    input: ValueID?, weight: ValueID?, bias: ValueID?, inputZero: ValueID?, weightZero: ValueID?,
    in graph: Graph
  ) {
    guard let input, let weight, let tensor = graph.tensor(weight), tensor.element == .i8,
      [.i8, .u8, .i16].contains(graph.type(of: input).element),
      let zero = graph.uniformInteger(inputZero), graph.uniformInteger(weightZero) == 0
    else { return nil }
    self.weight = tensor
    self.input = graph.type(of: input).element
    self.inputZero = zero
    self.bias = bias.flatMap { graph.tensor($0) }
    if bias != nil, self.bias == nil { return nil }
  }

  init?(_ op: OpRef<Convolution>, in graph: Graph) {
    guard graph.type(of: graph.result(op)).element == .i32 else { return nil }
    self.init(
      input: graph.operand(op, .input), weight: graph.operand(op, .weight),
      bias: graph.operand(op, .bias), inputZero: graph.operand(op, .inputZero),
      weightZero: graph.operand(op, .weightZero), in: graph)
  }

  init?(_ op: OpRef<MatrixMultiply>, in graph: Graph) {
    guard graph.type(of: graph.result(op)).element == .i32 else { return nil }
    self.init(
      input: graph.operand(op, .lhs), weight: graph.operand(op, .rhs),
      bias: graph.operand(op, .bias), inputZero: graph.operand(op, .lhsZero),
      weightZero: graph.operand(op, .rhsZero), in: graph)
  }
}

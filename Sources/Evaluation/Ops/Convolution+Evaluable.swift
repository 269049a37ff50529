// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Convolution: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let weight = try operands.require(.weight)
    let depth = weight.shape.extents[1...].reduce(1, *)
    let inDoubles = input.element.isFloat
      || areExactInDouble(
        input.element, weight.element, depth: depth, bias: operands[.bias])
    return [
      inDoubles
        ? try evaluate(operands, resultTypes[0], as: Double.self)
        : try evaluate(operands, resultTypes[0], as: Int64.self)
    ]
  }

  private func evaluate<Number: ProductNumber>(
    _ operands: OperandTensors<Self>, _ type: TensorType, as number: Number.Type
  ) throws(Failure) -> Tensor {
    let input = try operands.require(.input)
    let weight = try operands.require(.weight)
    let window = try checked { () throws(TypeMismatch) in try self.window(weight.type) }
    return ChannelConvolution<Number>(
      input: input, weight: weight, bias: Number.bias(operands[.bias]),
      inputZero: ZeroPoints(operands[.inputZero]), weightZero: ZeroPoints(operands[.weightZero]),
      groups: groups,
      offsets: WindowOffsets(
        window, before: window.before, input: Array(input.shape.extents[2...]),
        output: Array(type.shape.extents[2...])),
      isTransposed: false
    ).evaluate(type)
  }
}

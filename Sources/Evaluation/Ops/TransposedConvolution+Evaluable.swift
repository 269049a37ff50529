// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension TransposedConvolution: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let weight = try operands.require(.weight)
    let type = resultTypes[0]
    let window = try checked { () throws(TypeMismatch) in try self.window(weight.type) }
    let spatial = input.shape.rank - 2
    let before = padding.isEmpty ? Array(repeating: 0, count: spatial) : Array(padding[..<spatial])
    return [
      ChannelConvolution<Double>(
        input: input, weight: weight, bias: Double.bias(operands[.bias]),
        inputZero: ZeroPoints(nil), weightZero: ZeroPoints(nil), groups: groups,
        offsets: WindowOffsets(
          window, before: before, input: Array(input.shape.extents[2...]),
          output: Array(type.shape.extents[2...]), .transposed),
        isTransposed: true
      ).evaluate(type)
    ]
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Transpose: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let strides = input.shape.rowMajorStrides
    let tables = permutation.map { axis in (0..<input.shape[axis]).map { $0 * strides[axis] } }
    return [rearranged(input, to: resultTypes[0], tables)]
  }
}

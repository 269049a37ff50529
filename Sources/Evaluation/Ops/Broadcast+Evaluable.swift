// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Broadcast: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let result = resultTypes[0].shape
    let missing = result.rank - input.shape.rank
    let strides = input.shape.rowMajorStrides
    let tables = (0..<result.rank).map { axis in
      let isRepeated = axis < missing || input.shape[axis - missing] == 1
      return (0..<result[axis]).map { isRepeated ? 0 : $0 * strides[axis - missing] }
    }
    return [rearranged(input, to: resultTypes[0], tables)]
  }
}

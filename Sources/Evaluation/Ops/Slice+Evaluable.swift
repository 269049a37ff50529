// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Slice: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let strides = input.shape.rowMajorStrides
    let tables = sizes.indices.map { axis in
      let step = steps.isEmpty ? 1 : steps[axis]
      return (0..<sizes[axis]).map { (starts[axis] + $0 * step) * strides[axis] }
    }
    return [rearranged(input, to: resultTypes[0], tables)]
  }
}

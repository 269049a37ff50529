// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Reshape: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    guard let result = input.reshaped(to: resultTypes[0].shape) else {
      throw Failure("\(input.shape) does not reshape to \(resultTypes[0].shape)")
    }
    return [result]
  }
}

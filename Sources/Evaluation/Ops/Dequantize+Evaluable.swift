// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Dequantize: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let scale = try operands.require(.scale)
    let zero = operands[.zeroPoint] ?? Tensor(scalar: 0, input.element)
    let parts = [
      input, scale.scaling(input.shape, axis: axis, block: block),
      zero.scaling(input.shape, axis: axis, block: block),
    ]
    return [
      elementwise(resultTypes[0], parts, as: Double.self) { runs, count in
        for i in 0..<count {
          let difference = Float(runs[0][i]) - Float(runs[2][i])
          runs[0][i] = Double(difference * Float(runs[1][i]))
        }
      }
    ]
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Requantize: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let scale = try operands.require(.scale)
    let zero = operands[.zeroPoint] ?? Tensor(scalar: 0, to)
    let parts = [
      input, scale.scaling(input.shape, axis: axis, block: 0),
      zero.scaling(input.shape, axis: axis, block: 0),
    ]
    switch form {
    case .float:
      return [
        elementwise(resultTypes[0], parts, as: Double.self) { runs, count in
          for i in 0..<count {
            let product = Float(runs[0][i]) * Float(runs[1][i])
            // Storing saturates.
            runs[0][i] = Double(product.rounded(.toNearestOrEven)) + runs[2][i]
          }
        }
      ]
    case .fixedPoint:
      return [
        elementwise(resultTypes[0], parts, as: Double.self) { runs, count in
          for i in 0..<count {
            // What does not fit 53 bits saturates at 48.
            let x = Int64(min(max(runs[0][i], -0x1p47), 0x1p47))
            let scaled = FixedPointScale(Float(runs[1][i])).scaled(x)
            runs[0][i] = Double(scaled) + runs[2][i]
          }
        }
      ]
    }
  }
}

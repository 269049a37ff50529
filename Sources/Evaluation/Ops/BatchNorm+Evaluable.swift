// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension BatchNorm: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    var parts = [input]
    for name in [Operand.scale, .shift, .mean, .variance] {
      parts.append(try operands.require(name).along(axis: 1, rank: input.shape.rank))
    }
    let epsilon = Double(epsilon)
    return [
      elementwise(resultTypes[0], parts, as: Double.self) { runs, count in
        let (x, scale, shift, mean, variance) = (runs[0], runs[1], runs[2], runs[3], runs[4])
        for i in 0..<count {
          x[i] = (x[i] - mean[i]) / (variance[i] + epsilon).squareRoot() * scale[i] + shift[i]
        }
      }
    ]
  }
}

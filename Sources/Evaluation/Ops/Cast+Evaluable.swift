// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Cast: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let input = try operands.require(.input)
    let type = resultTypes[0]
    if input.element.isFloat {
      let toInteger = to.isInteger
      return [
        mapped(input, to: type, as: Double.self) { run in
          // Storing rounds to nearest and saturates: only the fraction is left to be cut.
          if toInteger { for i in run.indices { run[i] = run[i].rounded(.towardZero) } }
        }
      ]
    }
    if input.element == .u64, to.isFloat { return [fromUInt64(input, type)] }
    return [mapped(input, to: type, as: Int64.self) { _ in }]
  }

  /// Floats nearest to 64-bit unsigned integers, whose upper half has no `Int64`.
  private func fromUInt64(_ input: Tensor, _ type: TensorType) -> Tensor {
    let values = input.integers().map { UInt64(bitPattern: $0) }
    return switch to {
    case .f32: Tensor(type, storage: values.map { Float($0) })
    default: Tensor(type, rounding: values.map { Double($0) })
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Select: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let condition = try operands.require(.condition)
    let a = try operands.require(.whenTrue).withBitsAsIntegers
    let b = try operands.require(.whenFalse).withBitsAsIntegers
    let type = resultTypes[0]
    let parts = [condition, a, b]
    let bits = elementwise(type.withBitsAsIntegers, parts, as: Int64.self) { runs, count in
      for i in 0..<count { runs[0][i] = runs[0][i] != 0 ? runs[1][i] : runs[2][i] }
    }
    return [bits.withElements(of: type)]
  }
}

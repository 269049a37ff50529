// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
public import LoopIR
public import Tensors

extension BatchNorm: ElementwiseOp {
  public func coordinates(slot: Int, operand: Shape, at result: [Index]) -> [Index] {
    slot == 0 ? result : [result[1]]
  }

  public func isPositional(slot: Int) -> Bool { slot == 0 }

  public func expression(
    _ operands: [Expression?], result: TensorType, in k: inout KernelBuilder
  ) -> Expression {
    let parts = operands.compactMap { $0?.converted(to: result.element.computed) }
    guard parts.count == 5 else { unreachable("all operands are there") }
    let (x, scale, shift, mean, variance) = (parts[0], parts[1], parts[2], parts[3], parts[4])
    let epsilon = Expression.constant(Double(self.epsilon), like: x.type)
    return (x - mean) * (scale / .unary(.squareRoot, variance + epsilon)) + shift
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
public import LoopIR
public import Tensors

extension Select: ElementwiseOp {
  public func expression(
    _ operands: [Expression?], result: TensorType, in k: inout KernelBuilder
  ) -> Expression {
    guard let condition = operands[0], let a = operands[1], let b = operands[2] else {
      unreachable("all operands are there")
    }
    return .select(condition, a, b)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
public import LoopIR
public import Tensors

extension Cast: ElementwiseOp {
  public func expression(
    _ operands: [Expression?], result: TensorType, in k: inout KernelBuilder
  ) -> Expression {
    guard let x = operands[0] else { unreachable("the operand is there") }
    let computed = to.computed
    switch to.kind {
    case .float: return x.converted(to: computed)
    case .boolean: return x.converted(to: .bool)
    case .sign:
      let type = ValueType(computed, lanes: x.type.lanes)
      let isPositive = x.type.element == .bool
        ? x : .binary(.greater, x, .constant(0, like: x.type))
      return .select(isPositive, .integer(1, type), .integer(-1, type))
    case .signed, .unsigned:
      return x.type.element.isFloat ? saturated(x, to: to) : x.converted(to: computed)
    }
  }
}

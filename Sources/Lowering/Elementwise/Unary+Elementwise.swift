// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
public import LoopIR
public import Tensors

extension Unary: ElementwiseOp {
  public func expression(
    _ operands: [Expression?], result: TensorType, in k: inout KernelBuilder
  ) -> Expression {
    guard let x = operands[0] else { unreachable("the operand is there") }
    let type = x.type
    func number(_ value: Double) -> Expression { .constant(value, like: type) }
    func call(_ function: UnaryOperator, _ x: Expression) -> Expression { .unary(function, x) }
    func choose(
      _ a: Expression, _ test: BinaryOperator, _ b: Expression, _ yes: Expression,
      _ no: Expression
    ) -> Expression { .select(.binary(test, a, b), yes, no) }
    let a = Double(alpha)
    let b = Double(beta)
    switch function {
    case .relu: return .binary(.maximum, x, number(0))
    case .negate: return call(.negate, x)
    case .abs: return call(.absolute, x)
    case .sign:
      let notPositive = choose(x, .less, number(0), signMinus(type), x)
      return choose(x, .greater, number(0), number(1), notPositive)
    case .sigmoid: return number(1) / (number(1) + VectorMath.exp(in: &k, call(.negate, x)))
    case .swish: return x / (number(1) + VectorMath.exp(in: &k, x * number(-a)))
    case .tanh: return VectorMath.tanh(in: &k, x)
    case .exp: return VectorMath.exp(in: &k, x)
    case .log: return call(.log, x)
    case .sqrt: return call(.squareRoot, x)
    case .reciprocal: return number(1) / x
    case .floor: return call(.floor, x)
    case .ceil: return call(.ceil, x)
    case .round: return call(.roundEven, x)
    case .sin: return call(.sin, x)
    case .cos: return call(.cos, x)
    case .tan: return call(.tan, x)
    case .asin: return call(.asin, x)
    case .acos: return call(.acos, x)
    case .atan: return call(.atan, x)
    case .sinh: return call(.sinh, x)
    case .cosh: return call(.cosh, x)
    case .asinh: return call(.asinh, x)
    case .acosh: return call(.acosh, x)
    case .atanh: return call(.atanh, x)
    case .erf: return call(.erf, x)
    case .softplus:
      // ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|), which does not overflow.
      let tail = VectorMath.exp(in: &k, call(.negate, call(.absolute, x)))
      return .binary(.maximum, x, number(0)) + VectorMath.logOnePlus(in: &k, tail)
    case .softsign: return x / (number(1) + call(.absolute, x))
    case .hardSwish:
      let gate = x * number(1.0 / 6) + number(0.5)
      return x * .binary(.minimum, .binary(.maximum, gate, number(0)), number(1))
    case .hardSigmoid:
      let line = x * number(a) + number(b)
      return .binary(.minimum, .binary(.maximum, line, number(0)), number(1))
    case .leakyRelu: return choose(x, .less, number(0), x * number(a), x)
    case .elu:
      return choose(x, .less, number(0), VectorMath.expMinusOne(in: &k, x) * number(a), x)
    case .clip:
      return .binary(.minimum, .binary(.maximum, x, number(a)), number(b))
    case .not: return call(.logicalNot, x)
    case .isNaN: return call(.isNaN, x)
    }
  }

  private func signMinus(_ type: ValueType) -> Expression {
    type.element.kind == .unsigned ? .constant(0, like: type) : .constant(-1, like: type)
  }
}

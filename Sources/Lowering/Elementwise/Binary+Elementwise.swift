// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
public import LoopIR
public import Tensors

extension Binary: ElementwiseOp {
  public func prefersLiteral(slot: Int, of element: ElementType) -> Bool { element.isInteger }

  public func expression(
    _ operands: [Expression?], result: TensorType, in k: inout KernelBuilder
  ) -> Expression {
    guard let x = operands[0], let y = operands[1] else {
      unreachable("both operands are there")
    }
    let zero = Expression.constant(0, like: x.type)
    let isFloat = x.type.element.isFloat
    func both(_ function: BinaryOperator) -> Expression { .binary(function, x, y) }
    /// The function, or 0 where an integer divisor is 0 (the division itself then has a divisor of
    /// 1).
    func guarded(_ body: (Expression) -> Expression) -> Expression {
      let isZero = Expression.binary(.equal, y, zero)
      return .select(isZero, zero, body(.select(isZero, .constant(1, like: x.type), y)))
    }
    switch function {
    case .add: return both(.add)
    case .sub: return both(.subtract)
    case .mul: return both(.multiply)
    case .div: return isFloat ? both(.divide) : guarded { .binary(.divide, x, $0) }
    case .fmod: return isFloat ? both(.modulo) : guarded { .binary(.modulo, x, $0) }
    case .mod:
      // The truncated remainder, moved by one divisor where its sign is not the divisor's.
      func floored(_ divisor: Expression) -> Expression {
        let rest = Expression.binary(.modulo, x, divisor)
        let differs = Expression.binary(
          .notEqual, .binary(.less, rest, zero), .binary(.less, divisor, zero))
        let moves = Expression.binary(.and, .binary(.notEqual, rest, zero), differs)
        return .select(moves, rest + divisor, rest)
      }
      return isFloat ? floored(y) : guarded(floored)
    case .max: return withNaN(y, .binary(.maximum, x, y))
    case .min: return withNaN(y, .binary(.minimum, x, y))
    case .pow: return both(.power)
    case .prelu: return .select(.binary(.less, x, zero), x * y, x)
    case .and, .bitAnd: return both(.and)
    case .or, .bitOr: return both(.or)
    case .xor, .bitXor: return both(.xor)
    case .shiftLeft: return shifted(x, y, .shiftLeft)
    case .shiftRight: return shifted(x, y, .shiftRight)
    case .equal: return both(.equal)
    case .less: return both(.less)
    case .lessOrEqual: return both(.lessEqual)
    case .greater: return both(.greater)
    case .greaterOrEqual: return both(.greaterEqual)
    }
  }

  /// `value`, or the right operand where that is NaN (the left one's stays by the loop language's
  /// own rule).
  private func withNaN(_ y: Expression, _ value: Expression) -> Expression {
    guard y.type.element.isFloat else { return value }
    return .select(.unary(.isNaN, y), y, value)
  }

  /// A shift by any count: what is shifted out on the left is gone, and on the right the sign
  /// stays.
  private func shifted(
    _ x: Expression, _ count: Expression, _ function: BinaryOperator
  ) -> Expression {
    let isSigned = x.type.element.kind == .signed
    let width = x.type.element.bitCount
    func number(_ value: Int) -> Expression { .constant(Double(value), like: x.type) }
    var fits = Expression.binary(.less, count, number(width))
    if isSigned { fits = .binary(.and, fits, .binary(.greaterEqual, count, number(0))) }
    if isSigned, function == .shiftRight {
      return .binary(function, x, .select(fits, count, number(width - 1)))
    }
    return .select(fits, .binary(function, x, .select(fits, count, number(0))), number(0))
  }
}

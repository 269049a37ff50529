// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
public import LoopIR
public import Tensors

// Scales and zero points are scalars, vectors along an axis, or one for each block of positions
// along it.

/// The position of a scale or zero point that belongs to a position of the tensor that it scales.
private func scalePosition(
  _ operand: Shape, axis: Int, block: Int, at result: [Index]
) -> [Index] {
  if operand.elementCount == 1, operand.rank <= 1 { return operand.extents.map { _ in 0 } }
  guard block > 0 else { return [result[axis]] }
  return result.enumerated().map { $0 == axis ? $1.quotient(by: block) : $1 }
}

/// `saturate(roundEven(x) + zero)` for a float x. For narrow results the sum in f32 is exact
/// wherever it is not beyond their range.
private func narrowed(_ x: Expression, _ zero: Expression?, to element: ElementType) -> Expression {
  let wide: ElementType = element.bitCount > 16 ? .f64 : .f32
  let rounded = Expression.unary(.roundEven, x).converted(to: wide)
  let sum = zero.map { rounded + $0.converted(to: wide) } ?? rounded
  return saturated(sum, to: element)
}

/// A float as an integer of a type: truncated and saturated, 0 for NaN.
func saturated(_ x: Expression, to element: ElementType) -> Expression {
  let whole = x.converted(to: element.computed)
  guard element.bitCount < 8, let range = element.integerRange else { return whole }
  func number(_ value: Int64) -> Expression { .integer(value, whole.type) }
  return .binary(
    .minimum, .binary(.maximum, whole, number(range.lowerBound)), number(range.upperBound))
}

/// An integer as the nearest f32; of 64 bits by way of f64, as the reference has it.
private func single(_ x: Expression) -> Expression {
  (x.type.element.bitCount == 64 ? x.converted(to: .f64) : x).converted(to: .f32)
}

extension Quantize: ElementwiseOp {
  public func coordinates(slot: Int, operand: Shape, at result: [Index]) -> [Index] {
    slot == 0 ? result : scalePosition(operand, axis: axis, block: block, at: result)
  }

  public func isPositional(slot: Int) -> Bool { slot == 0 && block == 0 }

  public func expression(
    _ operands: [Expression?], result: TensorType, in k: inout KernelBuilder
  ) -> Expression {
    guard let x = operands[0], let scale = operands[1] else {
      unreachable("input and scale are there")
    }
    return narrowed(single(x) / single(scale), operands.count > 2 ? operands[2] : nil, to: to)
  }
}

extension Dequantize: ElementwiseOp {
  public func coordinates(slot: Int, operand: Shape, at result: [Index]) -> [Index] {
    slot == 0 ? result : scalePosition(operand, axis: axis, block: block, at: result)
  }

  public func isPositional(slot: Int) -> Bool { slot == 0 && block == 0 }

  public func expression(
    _ operands: [Expression?], result: TensorType, in k: inout KernelBuilder
  ) -> Expression {
    guard let x = operands[0], let scale = operands[1] else {
      unreachable("input and scale are there")
    }
    var difference = single(x)
    if operands.count > 2, let zero = operands[2] { difference = difference - single(zero) }
    return (difference * single(scale)).converted(to: result.element.computed)
  }
}

extension Requantize: ElementwiseOp {
  public func coordinates(slot: Int, operand: Shape, at result: [Index]) -> [Index] {
    slot == 0 ? result : scalePosition(operand, axis: axis, block: 0, at: result)
  }

  public func isPositional(slot: Int) -> Bool { slot == 0 }

  public func prefersLiteral(slot: Int, of element: ElementType) -> Bool {
    slot > 0 && form == .fixedPoint
  }

  public func expression(
    _ operands: [Expression?], result: TensorType, in k: inout KernelBuilder
  ) -> Expression {
    guard let x = operands[0], let scale = operands[1] else {
      unreachable("input and scale are there")
    }
    switch form {
    case .float:
      return narrowed(single(x) * scale, operands.count > 2 ? operands[2] : nil, to: to)
    case .fixedPoint:
      let sum = FixedPoint(scale, in: &k).scaled(x, in: &k)
      let zero = operands.count > 2 ? operands[2]?.converted(to: .i64) : nil
      let limits = to.integerRange ?? 0...0
      func number(_ value: Int64) -> Expression { .integer(value, sum.type) }
      return Expression.binary(
        .minimum, .binary(.maximum, zero.map { sum + $0 } ?? sum, number(limits.lowerBound)),
        number(limits.upperBound)
      ).converted(to: to.computed)
    }
  }
}

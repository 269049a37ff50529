// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// (input − zeroPoint) · scale, computed in f32 and rounded to the scale's type. Scale and zero point as in `quantize`.
public struct Dequantize: OpDefinition {
  public enum Operand: Int, OperandName { case input, scale, zeroPoint }
  public static let name = "dequantize"
  public static let summary = "(input - zeroPoint) * scale as floats"
  public static let optionalOperands: [Operand] = [.zeroPoint]
  public static let fields: [Field<Self>] = [
    Field("axis", \.axis, "the axis of a per-channel or blocked scale"),
    Field("block", \.block, "positions that share a scale along the axis; 0: not blocked"),
  ]
  public var axis = 1
  public var block = 0

  public init() {}

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    let scale = try operands.require(.scale)
    guard input.element.isInteger else {
      throw TypeMismatch("dequantize takes integers, not \(input.element.rawValue)")
    }
    try checkScale(input.shape, scale, operands[.zeroPoint], axis: axis, block: block)
    if let zero = operands[.zeroPoint], zero.element != input.element {
      throw TypeMismatch("the zero point is \(zero.element.rawValue), the input \(input.element.rawValue)")
    }
    return [TensorType(scale.element, input.shape)]
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// How a requantisation is computed; the evaluator is bit-exact for each.
public enum RequantizeForm: String, AttributeWord {
  /// roundEven(f32(input) · scale), the product rounded to f32 first.
  case float
  /// floor(input · scale + 1/2), exactly, by integers alone: the scale's 24-bit significand is the
  /// multiplier, its exponent the shift (Jacob et al. 2018, section 2.2, with one rounding). Inputs
  /// of 64 bits saturate at 48 first, and scales are taken as finite. Results of 16 bits at most.
  case fixedPoint = "fixed_point"
}

/// saturate(round(input · scale) + zeroPoint): brings wide sums back to a narrow integer type. The scale is a scalar or
/// a vector along `axis`.
public struct Requantize: OpDefinition {
  public enum Operand: Int, OperandName { case input, scale, zeroPoint }
  public static let name = "requantize"
  public static let summary = "saturate(round(input * scale) + zeroPoint), integers to integers"
  public static let optionalOperands: [Operand] = [.zeroPoint]
  public static let fields: [Field<Self>] = [
    Field("to", \.to, "the integer element type of the result"),
    Field("axis", \.axis, "the axis of a per-channel scale"),
    Field("form", \.form, "how the product is rounded"),
  ]
  public var to = ElementType.u8
  public var axis = 1
  public var form = RequantizeForm.float

  public init() {}

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    let scale = try operands.require(.scale)
    guard input.element.isInteger, to.isInteger else {
      throw TypeMismatch("requantize goes from integers to integers")
    }
    guard scale.element == .f32 else { throw TypeMismatch("the scale is not f32") }
    guard form == .float || to.bitCount <= 16 else {
      throw TypeMismatch("fixed point gives at most 16 bits, not \(to.rawValue)")
    }
    try checkScale(input.shape, scale, nil, axis: axis, block: 0)
    if let zero = operands[.zeroPoint] {
      guard zero.element == to else { throw TypeMismatch("the zero point is not \(to.rawValue)") }
      guard zero.shape.elementCount == 1 || zero.shape == scale.shape else {
        throw TypeMismatch("the zero point has shape \(zero.shape)")
      }
    }
    return [TensorType(to, input.shape)]
  }
}

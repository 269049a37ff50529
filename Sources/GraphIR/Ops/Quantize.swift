// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// saturate(roundEven(input / scale) + zeroPoint), computed in f32. Scale and zero point are scalars, vectors along `axis`,
/// or of the input's rank with blocks of `block` positions along `axis`.
public struct Quantize: OpDefinition {
  public enum Operand: Int, OperandName { case input, scale, zeroPoint }
  public static let name = "quantize"
  public static let summary = "saturate(round(input / scale) + zeroPoint) as integers"
  public static let optionalOperands: [Operand] = [.zeroPoint]
  public static let fields: [Field<Self>] = [
    Field("to", \.to, "the integer element type"),
    Field("axis", \.axis, "the axis of a per-channel or blocked scale"),
    Field("block", \.block, "positions that share a scale along the axis; 0: not blocked"),
  ]
  public var to = ElementType.u8
  public var axis = 1
  public var block = 0

  public init() {}

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    guard input.element.isFloat || input.element == .i32 else {
      throw TypeMismatch("quantize takes floats or i32, not \(input.element.rawValue)")
    }
    guard to.isInteger else { throw TypeMismatch("quantize makes integers, not \(to.rawValue)") }
    try checkScale(
      input.shape, try operands.require(.scale), operands[.zeroPoint], axis: axis, block: block)
    if let zero = operands[.zeroPoint], zero.element != to {
      throw TypeMismatch("the zero point is \(zero.element.rawValue), the result \(to.rawValue)")
    }
    return [TensorType(to, input.shape)]
  }
}

/// Checks the shapes of a scale and zero point against the tensor that they scale.
func checkScale(
  _ shape: Shape, _ scale: TensorType, _ zeroPoint: TensorType?, axis: Int, block: Int
) throws(TypeMismatch) {
  guard scale.element.isFloat else { throw TypeMismatch("the scale is no float") }
  if let zeroPoint, zeroPoint.shape != scale.shape {
    throw TypeMismatch("scale \(scale.shape) and zero point \(zeroPoint.shape) differ in shape")
  }
  if scale.shape.elementCount == 1, scale.shape.rank <= 1 { return }
  guard axis >= 0, axis < shape.rank else {
    throw TypeMismatch("axis \(axis) is outside of rank \(shape.rank)")
  }
  if block > 0 {
    var extents = shape.extents
    extents[axis] = extents[axis] / block + (extents[axis] % block == 0 ? 0 : 1)
    guard scale.shape.extents == extents else {
      throw TypeMismatch("the blocked scale has shape \(scale.shape), expected \(extents.text)")
    }
  } else if scale.shape.rank != 1 || scale.shape[0] != shape[axis] {
    throw TypeMismatch("the scale has shape \(scale.shape), expected [\(shape[axis])] or a scalar")
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Slices of the input along an axis, selected by indices: result[…, i…, …] = input[…, indices[i…], …]. An index counts from the end if
/// it is negative; one outside of the axis is an error at evaluation and is clamped in emitted code. With a table of 256 elements
/// and 8-bit indices it is a function of these.
public struct Gather: OpDefinition {
  public enum Operand: Int, OperandName { case input, indices }
  public static let name = "gather"
  public static let summary = "slices along an axis, selected by indices"
  public static let fields: [Field<Self>] = [Field("axis", \.axis, "the axis")]
  public var axis = 0

  public init() {}

  /// A selection along an axis.
  public init(axis: Int) { self.axis = axis }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    let indices = try operands.require(.indices)
    guard axis >= 0, axis < input.shape.rank else {
      throw TypeMismatch("axis \(axis) is outside of rank \(input.shape.rank)")
    }
    switch indices.element {
    case .i64, .i32, .i16, .i8, .u16, .u8: break
    default:
      throw TypeMismatch("indices are \(indices.element.rawValue), expected integers of 8 to 64 bits")
    }
    guard input.shape[axis] > 0 || indices.shape.elementCount == 0 else {
      throw TypeMismatch("axis \(axis) of \(input.shape) has nothing to select")
    }
    var extents = input.shape.extents
    extents.replaceSubrange(axis...axis, with: indices.shape.extents)
    return [TensorType(input.element, try checkedShape(extents))]
  }
}

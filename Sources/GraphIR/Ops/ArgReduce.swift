// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Which element's position is asked for.
public enum ArgReduceKind: String, AttributeWord { case max, min }

/// The position of the largest or smallest element along an axis, as i64. Of equals the first counts, or the last if asked for; a
/// NaN counts before all numbers.
public struct ArgReduce: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "arg_reduce"
  public static let summary = "the position of the largest or smallest element along an axis"
  public static let fields: [Field<Self>] = [
    Field("kind", \.kind, "which element is looked for"),
    Field("axis", \.axis, "the axis"),
    Field("keep_dims", \.keepDimensions, "whether the axis stays, with extent 1"),
    Field("select_last", \.selectsLast, "whether the last of equal elements counts"),
  ]
  public var kind = ArgReduceKind.max
  public var axis = 0
  public var keepDimensions = true
  public var selectsLast = false

  public init() {}

  /// A search along an axis.
  public init(_ kind: ArgReduceKind, axis: Int, keepDimensions: Bool, selectsLast: Bool = false) {
    self.kind = kind
    self.axis = axis
    self.keepDimensions = keepDimensions
    self.selectsLast = selectsLast
  }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    guard input.element.isFloat || input.element.isInteger else {
      throw TypeMismatch("arg_reduce does not take \(input.element.rawValue)")
    }
    guard axis >= 0, axis < input.shape.rank else {
      throw TypeMismatch("axis \(axis) is outside of rank \(input.shape.rank)")
    }
    guard input.shape[axis] > 0 else { throw TypeMismatch("axis \(axis) has no elements") }
    let extents = input.shape.extents.enumerated().compactMap { position, extent in
      position != axis ? extent : keepDimensions ? 1 : nil
    }
    return [TensorType(.i64, try checkedShape(extents))]
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Tensors joined along an axis.
public struct Concat: OpDefinition {
  public enum Operand: Int, OperandName { case inputs }
  public static let name = "concat"
  public static let summary = "tensors joined along an axis"
  public static let variadicOperand: Operand? = .inputs
  public static let fields: [Field<Self>] = [Field("axis", \.axis, "the axis")]
  public var axis = 0

  public init() {}

  /// A join along an axis.
  public init(axis: Int) { self.axis = axis }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let inputs = operands.all(.inputs)
    guard let first = inputs.first else { throw TypeMismatch("concat needs an input") }
    guard axis >= 0, axis < first.shape.rank else {
      throw TypeMismatch("axis \(axis) is outside of rank \(first.shape.rank)")
    }
    var extents = first.shape.extents
    for input in inputs.dropFirst() {
      var other = input.shape.extents
      guard other.count == extents.count, input.element == first.element else {
        throw TypeMismatch("\(first) and \(input) do not join")
      }
      let sum = Checked(extents[axis]) + Checked(other[axis])
      other[axis] = extents[axis]
      guard other == extents, let sum = sum.value else {
        throw TypeMismatch("\(first) and \(input) do not join along axis \(axis)")
      }
      extents[axis] = sum
    }
    return [TensorType(first.element, try checkedShape(extents))]
  }
}

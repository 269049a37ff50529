// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// The input repeated to a shape by numpy's rules.
public struct Broadcast: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "broadcast"
  public static let summary = "the input repeated to a shape"
  public static let fields: [Field<Self>] = [Field("shape", \.shape, "the shape of the result")]
  public var shape: [Int] = []

  public init() {}

  /// A repetition to a shape.
  public init(to shape: [Int]) { self.shape = shape }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    let wanted = try checkedShape(shape)
    guard Shape.broadcast(input.shape, wanted) == wanted else {
      throw TypeMismatch("\(input.shape) does not broadcast to \(wanted)")
    }
    return [TensorType(input.element, wanted)]
  }
}

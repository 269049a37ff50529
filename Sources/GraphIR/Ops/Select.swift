// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Elements of one tensor where a condition holds, of another where not; shapes broadcast.
public struct Select: OpDefinition {
  public enum Operand: Int, OperandName { case condition, whenTrue, whenFalse }
  public static let name = "select"
  public static let summary = "condition ? whenTrue : whenFalse, element by element, shapes broadcast"
  public static let fields: [Field<Self>] = []

  public init() {}

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let condition = try operands.require(.condition)
    let a = try operands.require(.whenTrue)
    let b = try operands.require(.whenFalse)
    guard condition.element == .bool else { throw TypeMismatch("the condition is not bool") }
    guard a.element == b.element else {
      throw TypeMismatch("element types \(a.element.rawValue) and \(b.element.rawValue) differ")
    }
    guard let ab = Shape.broadcast(a.shape, b.shape),
      let shape = Shape.broadcast(condition.shape, ab)
    else { throw TypeMismatch("shapes \(condition.shape), \(a.shape), \(b.shape) do not broadcast") }
    return [TensorType(a.element, shape)]
  }
}

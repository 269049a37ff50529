// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// The axes in another order: axis i of the result is axis permutation[i] of the input.
public struct Transpose: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "transpose"
  public static let summary = "the axes in another order"
  public static let fields: [Field<Self>] = [
    Field("permutation", \.permutation, "for each axis of the result the axis of the input")
  ]
  public var permutation: [Int] = []

  public init() {}

  /// A transpose.
  public init(_ permutation: [Int]) { self.permutation = permutation }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    guard permutation.sorted() == Array(0..<input.shape.rank) else {
      throw TypeMismatch("\(permutation.text) is no permutation of the axes of \(input.shape)")
    }
    return [TensorType(input.element, try checkedShape(permutation.map { input.shape[$0] }))]
  }
}

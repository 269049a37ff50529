// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// The same elements in row-major order under another shape.
public struct Reshape: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "reshape"
  public static let summary = "the elements in row-major order under another shape"
  public static let fields: [Field<Self>] = [
    Field("shape", \.shape, "the extents; -1 is inferred, -2 is copied from the input's same axis")
  ]
  /// An entry of `shape` that is inferred from the number of elements.
  public static let inferred = -1
  /// An entry of `shape` that is the extent of the input's axis of the same number.
  public static let copied = -2
  public var shape: [Int] = []

  public init() {}

  /// A reshape.
  public init(to shape: [Int]) { self.shape = shape }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    var extents: [Int] = []
    for (axis, entry) in shape.enumerated() {
      if entry == Self.copied {
        guard axis < input.shape.rank else {
          throw TypeMismatch("entry \(axis) of \(shape.text) copies an axis that \(input.shape) lacks")
        }
        extents.append(input.shape[axis])
      } else {
        extents.append(entry)
      }
    }
    if let unknown = extents.firstIndex(of: Self.inferred) {
      extents[unknown] = 1
      let known = try checkedShape(extents).elementCount
      guard known > 0, input.shape.elementCount % known == 0 else {
        throw TypeMismatch("\(input.shape) does not reshape to \(shape.text)")
      }
      extents[unknown] = input.shape.elementCount / known
    }
    let result = try checkedShape(extents)
    guard result.elementCount == input.shape.elementCount else {
      throw TypeMismatch("\(input.shape) does not reshape to \(shape.text)")
    }
    return [TensorType(input.element, result)]
  }
}

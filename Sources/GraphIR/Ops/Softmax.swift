// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// eˣ / Σeˣ along an axis, or its logarithm; computed with the maximum subtracted.
public struct Softmax: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "softmax"
  public static let summary = "softmax, or log-softmax, along an axis"
  public static let fields: [Field<Self>] = [
    Field("axis", \.axis, "the axis"),
    Field("log", \.logarithm, "whether the result is the logarithm"),
  ]
  public var axis = 0
  public var logarithm = false

  public init() {}

  /// A softmax along an axis.
  public init(axis: Int, logarithm: Bool = false) {
    self.axis = axis
    self.logarithm = logarithm
  }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    guard input.element.isFloat else { throw TypeMismatch("softmax takes floats") }
    guard axis >= 0, axis < input.shape.rank else {
      throw TypeMismatch("axis \(axis) is outside of rank \(input.shape.rank)")
    }
    return [input]
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Conversion to another element type. Float to integer truncates toward zero; what does not fit saturates and NaN
/// becomes 0. Integer to integer wraps. Anything to `bool` asks whether it is not 0. To a narrower float: nearest, ties to even.
public struct Cast: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "cast"
  public static let summary = "the elements as another element type"
  public static let fields: [Field<Self>] = [Field("to", \.to, "the new element type")]
  public var to = ElementType.f32

  public init() {}

  /// A conversion to an element type.
  public init(to: ElementType) { self.to = to }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    [TensorType(to, try operands.require(.input).shape)]
  }
}

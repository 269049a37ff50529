// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Batch normalisation at inference: (input − mean) / √(variance + epsilon) · scale + shift for each channel.
public struct BatchNorm: OpDefinition {
  public enum Operand: Int, OperandName { case input, scale, shift, mean, variance }
  public static let name = "batch_norm"
  public static let summary = "input [N,C,…]; scale, shift, mean, variance [C]"
  public static let fields: [Field<Self>] = [
    Field("epsilon", \.epsilon, "added to the variance")
  ]
  public var epsilon: Float = 1e-5

  public init() {}

  /// A normalisation with an epsilon.
  public init(epsilon: Float) { self.epsilon = epsilon }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    guard input.element.isFloat, input.shape.rank >= 2 else {
      throw TypeMismatch("batch_norm takes floats [N,C,…], not \(input)")
    }
    for operand in [Operand.scale, .shift, .mean, .variance] {
      let type = try operands.require(operand)
      guard type.shape.extents == [input.shape[1]], type.element.isFloat else {
        throw TypeMismatch("\(operand) is \(type), expected [\(input.shape[1])]")
      }
    }
    return [input]
  }
}

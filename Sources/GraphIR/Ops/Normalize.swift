// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// (input − mean) / √(variance + epsilon), with mean and variance taken over the axes: the common part of instance, layer and group
/// normalisation.
public struct Normalize: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "normalize"
  public static let summary = "zero mean and unit variance over the axes"
  public static let fields: [Field<Self>] = [
    Field("axes", \.axes, "the axes, ascending"),
    Field("epsilon", \.epsilon, "added to the variance"),
  ]
  public var axes: [Int] = []
  public var epsilon: Float = 1e-5

  public init() {}

  /// A normalisation over axes.
  public init(axes: [Int], epsilon: Float) {
    self.axes = axes
    self.epsilon = epsilon
  }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    guard input.element.isFloat else { throw TypeMismatch("normalize takes floats") }
    guard axes.allSatisfy({ $0 >= 0 && $0 < input.shape.rank }),
      zip(axes, axes.dropFirst()).allSatisfy(<)
    else { throw TypeMismatch("axes \(axes.text) are not ascending axes of rank \(input.shape.rank)") }
    return [input]
  }
}

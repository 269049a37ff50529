// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Local response normalisation across channels: input / (bias + alpha/size · Σ input²)^beta, the sum over `size` channels around
/// (Krizhevsky et al. 2012, as ONNX's LRN has it).
public struct LocalResponseNorm: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "local_response_norm"
  public static let summary = "normalisation by the squares of neighbouring channels; input [N,C,…]"
  public static let fields: [Field<Self>] = [
    Field("size", \.size, "channels summed: ⌊(size−1)/2⌋ before, ⌈(size−1)/2⌉ after"),
    Field("alpha", \.alpha, "the factor of the mean square"),
    Field("beta", \.beta, "the exponent"),
    Field("bias", \.bias, "added before the power"),
  ]
  public var size = 1
  public var alpha: Float = 1e-4
  public var beta: Float = 0.75
  public var bias: Float = 1

  public init() {}

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    guard input.element.isFloat, input.shape.rank >= 2, size > 0, size < 1 << 24 else {
      throw TypeMismatch("local_response_norm takes floats [N,C,…] and a positive size")
    }
    return [input]
  }
}

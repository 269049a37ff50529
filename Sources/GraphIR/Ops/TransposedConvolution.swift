// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// The transposed convolution (the gradient of `conv` by its input): each input position adds weight · input to the output positions
/// that its window covers.
public struct TransposedConvolution: OpDefinition {
  public enum Operand: Int, OperandName { case input, weight, bias }
  public static let name = "conv_transpose"
  public static let summary = "input [N,C,spatial…], weight [C,O/groups,kernel…], bias [O]"
  public static let optionalOperands: [Operand] = [.bias]
  public static let fields: [Field<Self>] = [
    Field("strides", \.strides, "one for each spatial axis; empty: 1"),
    Field("padding", \.padding, "output positions cut before each spatial axis, then after each; may be negative (adds)"),
    Field("dilations", \.dilations, "one for each spatial axis; empty: 1"),
    Field("groups", \.groups, "groups of channels that are convolved apart"),
  ]
  public var strides: [Int] = []
  /// Cut from the full output: a negative number adds positions that hold only the bias.
  public var padding: [Int] = []
  public var dilations: [Int] = []
  public var groups = 1

  public init() {}

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    let weight = try operands.require(.weight)
    let rank = input.shape.rank
    guard rank >= 3, weight.shape.rank == rank, input.element.isFloat,
      weight.element == input.element
    else { throw TypeMismatch("input \(input) and weight \(weight) are no floats [N,C,spatial…] of one rank") }
    guard groups > 0, input.shape[1] % groups == 0, weight.shape[0] == input.shape[1] else {
      throw TypeMismatch("input channels \(input.shape[1]), weight \(weight.shape), groups \(groups)")
    }
    let window = try self.window(weight)
    guard padding.isEmpty || padding.count == 2 * (rank - 2),
      padding.allSatisfy({ $0.magnitude < 1 << 24 })
    else { throw TypeMismatch("padding \(padding.text) for \(rank - 2) spatial axes") }
    guard let channels = (Checked(weight.shape[1]) * Checked(groups)).value else {
      throw TypeMismatch("too many output channels")
    }
    var extents = [input.shape[0], channels]
    for axis in 0..<rank - 2 {
      let cut = padding.isEmpty ? 0 : padding[axis] + padding[axis + rank - 2]
      let reach = (Checked(input.shape[axis + 2]) - 1) * Checked(window.strides[axis])
      guard let extent = (reach + Checked(window.span(axis)) - Checked(cut)).value else {
        throw TypeMismatch("the output is too large")
      }
      guard extent > 0 else { throw TypeMismatch("the padding cuts the whole output away") }
      extents.append(extent)
    }
    try checkBias(operands[.bias], input.element, channels: channels)
    return [TensorType(input.element, try checkedShape(extents))]
  }
  /// The geometry for a weight of this type, without the padding, which may be negative here.
  public func window(_ weight: TensorType) throws(TypeMismatch) -> Window {
    try Window(
      kernel: Array(weight.shape.extents.dropFirst(2)), strides: strides, dilations: dilations,
      padding: [], spatialRank: weight.shape.rank - 2)
  }
}

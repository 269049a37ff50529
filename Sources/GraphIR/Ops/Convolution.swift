// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Convolution (cross-correlation) of any spatial rank: result[n,o,…] = bias[o] + Σ (input − inputZero)(weight − weightZero), where
/// padding contributes 0. Floats have one type; integers may differ and give i32, or i64 where it is asked for.
public struct Convolution: OpDefinition {
  public enum Operand: Int, OperandName { case input, weight, bias, inputZero, weightZero }
  public static let name = "conv"
  public static let summary =
    "input [N,C,spatial…], weight [O,C/groups,kernel…], bias [O], zero points scalars or [O] for weights"
  public static let optionalOperands: [Operand] = [.bias, .inputZero, .weightZero]
  public static let fields: [Field<Self>] = [
    Field("strides", \.strides, "one for each spatial axis; empty: 1"),
    Field("padding", \.padding, "positions before each spatial axis, then after each; empty: 0"),
    Field("dilations", \.dilations, "one for each spatial axis; empty: 1"),
    Field("groups", \.groups, "groups of channels that are convolved apart"),
    Field("wide", \.isWide, "whether sums of integers of at most 16 bits are i64 instead of i32"),
  ]
  public var strides: [Int] = []
  public var padding: [Int] = []
  public var dilations: [Int] = []
  public var groups = 1
  public var isWide = false

  public init() {}

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    let weight = try operands.require(.weight)
    let rank = input.shape.rank
    guard rank >= 3, weight.shape.rank == rank else {
      throw TypeMismatch("input \(input.shape) and weight \(weight.shape) are no [N,C,spatial…] of one rank")
    }
    guard groups > 0, input.shape[1] % groups == 0, weight.shape[0] % groups == 0 else {
      throw TypeMismatch("channels \(input.shape[1]) and \(weight.shape[0]) do not divide in \(groups) groups")
    }
    guard weight.shape[1] == input.shape[1] / groups else {
      throw TypeMismatch("the weight has \(weight.shape[1]) input channels a group, the input \(input.shape[1] / groups)")
    }
    let window = try self.window(weight)
    var extents = [input.shape[0], weight.shape[0]]
    for axis in 0..<rank - 2 {
      extents.append(try window.outputExtent(input.shape[axis + 2], axis: axis))
    }
    let element = try productElement(
      input, weight, operands[.inputZero], operands[.weightZero], isWide: isWide)
    try checkBias(operands[.bias], element, channels: weight.shape[0])
    try checkZero(operands[.inputZero], of: input, vector: nil)
    try checkZero(operands[.weightZero], of: weight, vector: weight.shape[0])
    return [TensorType(element, try checkedShape(extents))]
  }

  /// The geometry for a weight of this type.
  public func window(_ weight: TensorType) throws(TypeMismatch) -> Window {
    try Window(
      kernel: Array(weight.shape.extents.dropFirst(2)), strides: strides, dilations: dilations,
      padding: padding, spatialRank: weight.shape.rank - 2)
  }
}

/// The element type of sums of products: the operands' own for floats, i32 or i64 for integers.
func productElement(
  _ a: TensorType, _ b: TensorType, _ zeroA: TensorType?, _ zeroB: TensorType?, isWide: Bool
) throws(TypeMismatch) -> ElementType {
  if isWide, a.element.bitCount > 16 || !a.element.isInteger {
    throw TypeMismatch("sums of products of \(a.element.rawValue) are not wide")
  }
  if a.element.isFloat, a.element == b.element, zeroA == nil, zeroB == nil { return a.element }
  let integers = a.element.isInteger && b.element.isInteger
  if integers, a.element == b.element, a.element.bitCount >= 32, zeroA == nil, zeroB == nil {
    return a.element
  }
  guard integers, a.element.bitCount <= 16, b.element.bitCount <= 16 else {
    throw TypeMismatch("products of \(a.element.rawValue) and \(b.element.rawValue) are not defined")
  }
  return isWide ? .i64 : .i32
}

/// Checks a bias vector.
func checkBias(
  _ bias: TensorType?, _ element: ElementType, channels: Int
) throws(TypeMismatch) {
  guard let bias else { return }
  guard bias.element == element, bias.shape.extents == [channels] else {
    throw TypeMismatch("the bias is \(bias), expected \(element.rawValue)[\(channels)]")
  }
}

/// Checks a zero point: of the tensor's type, a scalar or a vector of `vector` elements.
func checkZero(
  _ zero: TensorType?, of tensor: TensorType, vector: Int?
) throws(TypeMismatch) {
  guard let zero else { return }
  let scalar = zero.shape.elementCount == 1 && zero.shape.rank <= 1
  let isVector = vector != nil && zero.shape.extents == [vector ?? 0]
  guard zero.element == tensor.element, scalar || isVector else {
    throw TypeMismatch("the zero point is \(zero) for a tensor \(tensor)")
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// What a pool makes of its window.
public enum PoolKind: String, AttributeWord {
  case max, average
  /// The sum of what lies inside the input; of integers of at most 16 bits it is i32.
  case sum
}

/// The maximum, mean or sum over windows of each channel. Padding never wins a maximum.
public struct Pool: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "pool"
  public static let summary = "the maximum, mean or sum over windows; input [N,C,spatial…]"
  public static let fields: [Field<Self>] = [
    Field("kind", \.kind, "what is made of a window"),
    Field("window", \.window, "its extents"),
    Field("strides", \.strides, "one for each spatial axis; empty: 1"),
    Field("padding", \.padding, "positions before each spatial axis, then after each; empty: 0"),
    Field("dilations", \.dilations, "one for each spatial axis; empty: 1"),
    Field("count_padding", \.countPadding, "whether padding counts in the divisor of a mean"),
    Field("ceil", \.ceil, "whether a last window may hang over the end (those positions never count)"),
  ]
  public var kind = PoolKind.max
  public var window: [Int] = []
  public var strides: [Int] = []
  public var padding: [Int] = []
  public var dilations: [Int] = []
  public var countPadding = false
  public var ceil = false

  public init() {}

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    guard kind != .average || input.element.isFloat else {
      throw TypeMismatch("a mean takes floats, not \(input.element.rawValue)")
    }
    let isNarrow = input.element.isInteger && input.element.bitCount <= 16
    return [TensorType(kind == .sum && isNarrow ? .i32 : input.element, try pooledShape(input))]
  }

  func pooledShape(_ input: TensorType) throws(TypeMismatch) -> Shape {
    guard input.shape.rank >= 3, window.count == input.shape.rank - 2 else {
      throw TypeMismatch("window \(window.text) for an input \(input.shape)")
    }
    guard input.element.isFloat || input.element.isInteger else {
      throw TypeMismatch("a pool takes numbers, not \(input.element.rawValue)")
    }
    let geometry = try geometry(spatialRank: input.shape.rank - 2)
    var extents = [input.shape[0], input.shape[1]]
    for axis in 0..<input.shape.rank - 2 {
      extents.append(
        try geometry.outputExtent(input.shape[axis + 2], axis: axis, ceiling: ceil))
    }
    return try checkedShape(extents)
  }
  /// The geometry for an input of so many spatial axes.
  public func geometry(spatialRank: Int) throws(TypeMismatch) -> Window {
    try Window(
      kernel: window, strides: strides, dilations: dilations, padding: padding,
      spatialRank: spatialRank)
  }
}

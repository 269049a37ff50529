// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// What a reduction makes of the elements.
public enum ReduceKind: String, AttributeWord {
  case sum, mean, max, min, product
  /// Σ|x|.
  case l1
  /// √Σx².
  case l2
  /// ln Σx.
  case logSum = "log_sum"
  /// ln Σeˣ, computed without overflow.
  case logSumExp = "log_sum_exp"
  /// Σx².
  case sumOfSquares = "sum_of_squares"
}

/// Joins the elements along some axes to one.
public struct Reduce: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "reduce"
  public static let summary = "kind over the elements along the axes"
  public static let fields: [Field<Self>] = [
    Field("kind", \.kind, "what is made of the elements"),
    Field("axes", \.axes, "the axes, ascending; empty: none, each element is reduced alone"),
    Field("keep_dims", \.keepDimensions, "whether the axes stay, with extent 1"),
    Field("wide", \.isWide, "whether the sum of integers of at most 16 bits is i32"),
  ]
  public var kind = ReduceKind.sum
  public var axes: [Int] = []
  public var keepDimensions = true
  public var isWide = false

  public init() {}

  /// A reduction.
  public init(_ kind: ReduceKind, axes: [Int], keepDimensions: Bool, isWide: Bool = false) {
    self.kind = kind
    self.axes = axes
    self.keepDimensions = keepDimensions
    self.isWide = isWide
  }

  public static var variantAttribute: String? { "kind" }
  public var variant: String { kind.rawValue }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    let isNumber = input.element.isFloat || input.element.isInteger
    let isOrder = kind == .max || kind == .min
    guard isNumber || isOrder && input.element == .bool else {
      throw TypeMismatch("\(kind.rawValue) does not take \(input.element.rawValue)")
    }
    guard !isWide || kind == .sum && input.element.isInteger && input.element.bitCount <= 16 else {
      throw TypeMismatch("only sums of integers of at most 16 bits are wide")
    }
    guard axes.allSatisfy({ $0 >= 0 && $0 < input.shape.rank }),
      zip(axes, axes.dropFirst()).allSatisfy(<)
    else { throw TypeMismatch("axes \(axes.text) are not ascending axes of rank \(input.shape.rank)") }
    let extents = input.shape.extents.enumerated().compactMap { axis, extent in
      !axes.contains(axis) ? extent : keepDimensions ? 1 : nil
    }
    return [TensorType(isWide ? .i32 : input.element, try checkedShape(extents))]
  }
}

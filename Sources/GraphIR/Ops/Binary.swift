// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// A function of two numbers of one type.
public enum BinaryFunction: String, AttributeWord {
  case add, sub, mul
  /// Of integers: truncated toward zero; x / 0 is 0 there.
  case div
  /// The remainder with the sign of the divisor; x mod 0 is 0 for integers.
  case mod
  /// The remainder with the sign of the dividend.
  case fmod
  /// The larger; a NaN on either side is the result.
  case max
  /// The smaller; a NaN on either side is the result.
  case min
  case pow
  /// lhs for lhs ≥ 0, else lhs · rhs.
  case prelu
  case and, or, xor
  case bitAnd = "bit_and"
  case bitOr = "bit_or"
  case bitXor = "bit_xor"
  case shiftLeft = "shift_left"
  case shiftRight = "shift_right"
  case equal, less
  case lessOrEqual = "less_or_equal"
  case greater
  case greaterOrEqual = "greater_or_equal"

  /// Whether the result is `bool` whatever the operands are.
  public var isComparison: Bool {
    switch self {
    case .equal, .less, .lessOrEqual, .greater, .greaterOrEqual: true
    default: false
    }
  }
}

/// A function of two tensors of one element type, element by element, shapes broadcast by numpy's rules.
/// Integer arithmetic wraps.
public struct Binary: OpDefinition {
  public enum Operand: Int, OperandName { case lhs, rhs }
  public static let name = "binary"
  public static let summary = "function(lhs, rhs), element by element, shapes broadcast"
  public static let fields: [Field<Self>] = [Field("function", \.function, "the function")]
  public var function = BinaryFunction.add

  public init() {}

  /// A function.
  public init(_ function: BinaryFunction) { self.function = function }

  public var isCommutative: Bool {
    switch function {
    case .add, .mul, .max, .min, .and, .or, .xor, .bitAnd, .bitOr, .bitXor, .equal: true
    case .sub, .div, .mod, .fmod, .pow, .prelu, .shiftLeft, .shiftRight, .less, .lessOrEqual,
      .greater, .greaterOrEqual:
      false
    }
  }

  public static var variantAttribute: String? { "function" }
  public var variant: String { function.rawValue }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let lhs = try operands.require(.lhs)
    let rhs = try operands.require(.rhs)
    guard lhs.element == rhs.element else {
      throw TypeMismatch("element types \(lhs.element.rawValue) and \(rhs.element.rawValue) differ")
    }
    guard let shape = Shape.broadcast(lhs.shape, rhs.shape) else {
      throw TypeMismatch("shapes \(lhs.shape) and \(rhs.shape) do not broadcast")
    }
    guard takes(lhs.element) else {
      throw TypeMismatch("\(function.rawValue) does not take \(lhs.element.rawValue)")
    }
    return [TensorType(function.isComparison ? .bool : lhs.element, shape)]
  }

  private func takes(_ element: ElementType) -> Bool {
    switch function {
    case .add, .sub, .mul, .div, .mod, .fmod, .max, .min, .pow, .prelu, .less, .lessOrEqual,
      .greater, .greaterOrEqual:
      element.isFloat || element.isInteger
    case .and, .or, .xor: element == .bool
    case .bitAnd, .bitOr, .bitXor, .shiftLeft, .shiftRight: element.isInteger
    case .equal: true
    }
  }
}

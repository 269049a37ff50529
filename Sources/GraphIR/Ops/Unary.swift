// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// A function of one number.
public enum UnaryFunction: String, AttributeWord {
  case relu, sigmoid, tanh, exp, log, sqrt, reciprocal, negate, abs, sign, floor, ceil
  /// To the nearest integer, ties to even.
  case round
  case sin, cos, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh, erf
  /// ln(1 + eˣ).
  case softplus
  /// x / (1 + |x|).
  case softsign
  /// x · clip(x/6 + 1/2, 0, 1).
  case hardSwish = "hard_swish"
  /// max(0, min(1, alpha·x + beta)).
  case hardSigmoid = "hard_sigmoid"
  /// x for x ≥ 0, else alpha·x.
  case leakyRelu = "leaky_relu"
  /// x for x ≥ 0, else alpha·(eˣ − 1).
  case elu
  /// The smaller of beta and the larger of x and alpha; NaN stays.
  case clip
  /// x / (1 + e^(−alpha·x)).
  case swish
  /// `bool` only.
  case not
  /// Float to `bool`.
  case isNaN = "is_nan"
}

/// One function applied to every element. Floats of any width; the functions without a fraction also for
/// integers (relu, negate, abs, sign), where they wrap.
public struct Unary: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "unary"
  public static let summary = "function(input), element by element"
  public static let fields: [Field<Self>] = [
    Field("function", \.function, "the function"),
    Field("alpha", \.alpha, "its first parameter, if it has any"),
    Field("beta", \.beta, "its second parameter, if it has two"),
  ]
  public var function = UnaryFunction.relu
  public var alpha: Float = 0
  public var beta: Float = 0

  public init() {}

  /// A function with its parameters.
  public init(_ function: UnaryFunction, alpha: Float = 0, beta: Float = 0) {
    self.function = function
    self.alpha = alpha
    self.beta = beta
  }

  public static var variantAttribute: String? { "function" }
  public var variant: String { function.rawValue }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    switch function {
    case .not:
      guard input.element == .bool else { throw TypeMismatch("not takes bool") }
    case .isNaN:
      guard input.element.isFloat else { throw TypeMismatch("is_nan takes floats") }
      return [TensorType(.bool, input.shape)]
    case .relu, .negate, .abs, .sign:
      guard input.element.isFloat || input.element.isInteger else {
        throw TypeMismatch("\(function.rawValue) takes numbers, not \(input.element.rawValue)")
      }
    default:
      guard input.element.isFloat else {
        throw TypeMismatch("\(function.rawValue) takes floats, not \(input.element.rawValue)")
      }
    }
    return [input]
  }
}

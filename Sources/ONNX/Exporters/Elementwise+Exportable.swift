// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

extension Unary: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    let x = op.operand(0)
    let element = try op.type(0).element
    switch function {
    case .relu: op.finish("Relu", [x])
    case .sigmoid: op.finish("Sigmoid", [x])
    case .tanh: op.finish("Tanh", [x])
    case .exp: op.finish("Exp", [x])
    case .log: op.finish("Log", [x])
    case .sqrt: op.finish("Sqrt", [x])
    case .reciprocal: op.finish("Reciprocal", [x])
    case .negate: op.finish("Neg", [x])
    case .abs: op.finish("Abs", [x])
    case .sign: op.finish("Sign", [x])
    case .floor: op.finish("Floor", [x])
    case .ceil: op.finish("Ceil", [x])
    case .round: op.finish("Round", [x])
    case .sin: op.finish("Sin", [x])
    case .cos: op.finish("Cos", [x])
    case .tan: op.finish("Tan", [x])
    case .asin: op.finish("Asin", [x])
    case .acos: op.finish("Acos", [x])
    case .atan: op.finish("Atan", [x])
    case .sinh: op.finish("Sinh", [x])
    case .cosh: op.finish("Cosh", [x])
    case .asinh: op.finish("Asinh", [x])
    case .acosh: op.finish("Acosh", [x])
    case .atanh: op.finish("Atanh", [x])
    case .erf: op.finish("Erf", [x])
    case .softplus: op.finish("Softplus", [x])
    case .softsign: op.finish("Softsign", [x])
    case .hardSwish: op.finish("HardSwish", [x])
    case .hardSigmoid:
      op.finish("HardSigmoid", [x], [AttributeProto("alpha", alpha), AttributeProto("beta", beta)])
    case .leakyRelu: op.finish("LeakyRelu", [x], [AttributeProto("alpha", alpha)])
    case .elu: op.finish("Elu", [x], [AttributeProto("alpha", alpha)])
    case .clip:
      op.finish(
        "Clip", [x, try op.scalar(Double(alpha), element), try op.scalar(Double(beta), element)])
    case .swish:
      let scaled = alpha == 1 ? x : op.add("Mul", [x, try op.scalar(Double(alpha), element)])
      op.finish("Mul", [x, op.add("Sigmoid", [scaled])])
    case .not: op.finish("Not", [x])
    case .isNaN: op.finish("IsNaN", [x])
    }
  }
}

extension Binary: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    let element = try op.type(0).element
    var (a, b) = (op.operand(0), op.operand(1))
    // Runtimes compute the arithmetic of narrow integers in wider ones, if at all; it wraps on the
    // way back.
    let isNarrow = element.isInteger && element.bitCount <= 16
    if isNarrow, isArithmetic || function.isComparison {
      (a, b) = (try op.cast(a, to: .i32), try op.cast(b, to: .i32))
      try export(op, a, b, .i32, isLast: function.isComparison)
      return
    }
    try export(op, a, b, element, isLast: true)
  }

  private var isArithmetic: Bool {
    switch function {
    case .add, .sub, .mul, .div, .mod, .fmod, .max, .min, .pow, .prelu: true
    default: false
    }
  }

  /// Adds the function of two names; without `isLast` its result is cast to the op's type.
  private func export(
    _ op: ExportContext, _ a: String, _ b: String, _ element: ElementType, isLast: Bool
  ) throws(Failure) {
    let result: String
    switch function {
    case .add: result = op.add("Add", [a, b], isLast: isLast)
    case .sub: result = op.add("Sub", [a, b], isLast: isLast)
    case .mul: result = op.add("Mul", [a, b], isLast: isLast)
    case .div: result = op.add("Div", [a, b], isLast: isLast)
    case .mod where element.isFloat:
      let quotient = op.add("Floor", [op.add("Div", [a, b])])
      result = op.add("Sub", [a, op.add("Mul", [quotient, b])], isLast: isLast)
    case .mod: result = op.add("Mod", [a, b], isLast: isLast)
    case .fmod: result = op.add("Mod", [a, b], [AttributeProto("fmod", true)], isLast: isLast)
    case .max: result = op.add("Max", [a, b], isLast: isLast)
    case .min: result = op.add("Min", [a, b], isLast: isLast)
    case .pow: result = op.add("Pow", [a, b], isLast: isLast)
    case .prelu where try op.type(0).shape == op.resultTypes[0].shape && element.isFloat:
      result = op.add("PRelu", [a, b], isLast: isLast)
    case .prelu:
      let isNegative = op.add("Less", [a, try op.scalar(0, element)])
      result = op.add("Where", [isNegative, op.add("Mul", [a, b]), a], isLast: isLast)
    case .and: result = op.add("And", [a, b], isLast: isLast)
    case .or: result = op.add("Or", [a, b], isLast: isLast)
    case .xor: result = op.add("Xor", [a, b], isLast: isLast)
    case .bitAnd: result = op.add("BitwiseAnd", [a, b], isLast: isLast)
    case .bitOr: result = op.add("BitwiseOr", [a, b], isLast: isLast)
    case .bitXor: result = op.add("BitwiseXor", [a, b], isLast: isLast)
    case .shiftLeft, .shiftRight:
      guard element.kind == .unsigned else {
        result = try shifted(op, a, b, element, isLast: isLast)
        break
      }
      let direction = function == .shiftLeft ? "LEFT" : "RIGHT"
      result = op.add("BitShift", [a, b], [AttributeProto("direction", text: direction)], isLast: isLast)
    case .equal: result = op.add("Equal", [a, b], isLast: isLast)
    case .less: result = op.add("Less", [a, b], isLast: isLast)
    case .lessOrEqual: result = op.add("LessOrEqual", [a, b], isLast: isLast)
    case .greater: result = op.add("Greater", [a, b], isLast: isLast)
    case .greaterOrEqual: result = op.add("GreaterOrEqual", [a, b], isLast: isLast)
    }
    if !isLast { op.finish("Cast", [result], [try op.castAttribute(op.resultTypes[0].element)]) }
  }

  /// Shifts of signed integers, which ONNX does not have: products with and quotients by a power of
  /// two in 64 bits, the quotient rounded down. A count below 0 or beyond 62 counts as 62.
  private func shifted(
    _ op: ExportContext, _ a: String, _ b: String, _ element: ElementType, isLast: Bool
  ) throws(Failure) -> String {
    guard element == .i32 else { throw op.unsupported("ONNX shifts unsigned integers only") }
    let most = try op.scalar(62, .i64)
    let given = try op.cast(b, to: .i64)
    let isNegative = op.add("Less", [given, try op.scalar(0, .i64)])
    let count = op.add("Where", [isNegative, most, op.add("Min", [given, most])])
    let power = op.add(
      "BitShift", [try op.scalar(1, .u64), try op.cast(count, to: .u64)],
      [AttributeProto("direction", text: "LEFT")])
    let (x, factor) = (try op.cast(a, to: .i64), try op.cast(power, to: .i64))
    let wide: String
    if function == .shiftLeft {
      wide = op.add("Mul", [x, factor])
    } else {
      let whole = op.add("Sub", [x, op.add("Mod", [x, factor])])
      wide = op.add("Div", [whole, factor])
    }
    return op.add("Cast", [wide], [try op.castAttribute(element)], isLast: isLast)
  }
}

extension Select: Exportable {
  func export(_ op: ExportContext) throws(Failure) { op.finish("Where", op.operands) }
}

extension Cast: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    op.finish("Cast", op.operands, [try op.castAttribute(to)])
  }
}

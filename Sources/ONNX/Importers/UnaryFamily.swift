// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Operators of one operand without attributes.
enum UnaryFamily: OperatorFamily {
  static let importers =
    [
      plain("Relu", .relu), plain("Sigmoid", .sigmoid), plain("Tanh", .tanh), plain("Exp", .exp),
      plain("Log", .log), plain("Sqrt", .sqrt), plain("Reciprocal", .reciprocal),
      plain("Neg", .negate), plain("Abs", .abs), plain("Sign", .sign, since: 9),
      plain("Floor", .floor), plain("Ceil", .ceil), plain("Round", .round, since: 11),
      plain("Sin", .sin, since: 7), plain("Cos", .cos, since: 7), plain("Tan", .tan, since: 7),
      plain("Asin", .asin, since: 7), plain("Acos", .acos, since: 7),
      plain("Atan", .atan, since: 7), plain("Sinh", .sinh, since: 9),
      plain("Cosh", .cosh, since: 9), plain("Asinh", .asinh, since: 9),
      plain("Acosh", .acosh, since: 9), plain("Atanh", .atanh, since: 9),
      plain("Erf", .erf, since: 9), plain("Softplus", .softplus), plain("Softsign", .softsign),
      plain("HardSwish", .hardSwish, since: 14), plain("Not", .not),
      plain("IsNaN", .isNaN, since: 9),
      OperatorImporter("Identity") { (node) throws(Failure) in [try node.input(0)] },
    ]

  private static func plain(
    _ name: String, _ function: UnaryFunction, since: Int = ONNXImporter.oldestOpset
  ) -> OperatorImporter {
    OperatorImporter(name, since: since) { (node) throws(Failure) in
      // Opsets before 6 listed operands that could be overwritten.
      node.ignore("consumed_inputs")
      return [try node.unary(function, try node.input(0))]
    }
  }
}

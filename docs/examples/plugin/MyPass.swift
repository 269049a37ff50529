// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// Replaces relu by a clip to a largest value, which keeps the range of activations small:
///
///     %y = unary %x {function=relu}   →   %y = unary %x {function=clip, beta=6.0}
struct LimitActivations: PatternPass {
  static let name = "limit-activations"
  static let summary = "relu becomes a clip, so that activations have a largest value"
  static let effect = NumericEffect.lossy
  static let options: [Field<Self>] = [Field("limit", \.limit, "the largest activation")]
  var limit: Float = 6

  func rewrite(_ op: OpRef<Unary>, _ rw: inout Rewriter) throws(Declined) {
    try rw.require(op.function == .relu, "the function is not relu")
    let input = try rw.operand(op, .input)
    try rw.require(rw.graph.type(of: input).element.isFloat, "the numbers are no floats")
    try rw.substitute(op.id, by: Unary(.clip, alpha: 0, beta: limit), [input])
  }
}

func fettlePasses() -> [any Pass.Type] { [LimitActivations.self] }

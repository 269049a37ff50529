// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Transposes that are something simpler. (Those that do nothing or follow one another are rules.)
enum TransposeForms {
  static let all = [
    Rewrite("unit-transpose-at-reshape", unitAtReshape),
    Rewrite("transpose-dequantized", transposeDequantized),
  ]
  /// A transpose that moves only axes of extent 1 → a reshape
  static let unitAsReshape = Rewrite("unit-transpose") {
    (op: OpRef<Transpose>, rw: inout Rewriter) throws(Declined) in
    try rewriteUnit(op, &rw)
  }

  /// A transpose that moves only axes of extent 1, between reshapes, is one of them.
  private static func unitAtReshape(
    _ op: OpRef<Transpose>, _ rw: inout Rewriter
  ) throws(Declined) {
    let input = try rw.operand(op, .input)
    let result = rw.graph.result(op)
    let isBehind = (try? rw.producer(of: input, as: Reshape.self)) != nil
    let isInFront =
      rw.graph.hasSingleUse(result)
      && rw.graph.op(rw.graph.uses(of: result)[0].user, as: Reshape.self) != nil
    try rw.require(isBehind || isInFront, "there is no reshape beside the transpose")
    try rewriteUnit(op, &rw)
  }

  private static func rewriteUnit(
    _ op: OpRef<Transpose>, _ rw: inout Rewriter
  ) throws(Declined) {
    let input = try rw.operand(op, .input)
    let shape = rw.graph.type(of: input).shape
    // The batch is an axis even where its extent happens to be 1.
    let moved = op.permutation.filter { $0 == 0 || shape[$0] != 1 }
    try rw.require(
      zip(moved, moved.dropFirst()).allSatisfy(<), "axes of several positions change their order")
    var extents = rw.graph.type(of: rw.graph.result(op)).shape.extents
    if op.permutation.first == 0 { extents[0] = Reshape.copied }
    try rw.substitute(op.id, by: Reshape(to: extents), [input])
  }

  /// transpose(dequantize(constant)) → dequantize(transpose(constant)), which is a constant
  private static func transposeDequantized(
    _ op: OpRef<Transpose>, _ rw: inout Rewriter
  ) throws(Declined) {
    let inner = try rw.producer(of: try rw.operand(op, .input), as: Dequantize.self)
    _ = try rw.constant(inner, .input)
    try rw.require(inner.block == 0, "the scale is blocked")
    var operands = rw.graph.operands(of: inner.id)
    operands[0] = try rw.make(
      op.attributes, [operands[0]], location: rw.graph.location(of: op.id))
    var definition = inner.attributes
    definition.axis = op.permutation.firstIndex(of: inner.axis) ?? inner.axis
    try rw.substitute(op.id, by: definition, operands)
  }
}

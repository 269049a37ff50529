// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Reshapes that do nothing or follow one another.
enum ReshapeRewrites {
  static let all = [
    Rewrite("idle-reshape", idleReshape), Rewrite("merge-reshapes", mergeReshapes),
    Rewrite("sink-reshape", sinkReshape),
  ]

  /// A reshape to the same shape.
  private static func idleReshape(_ op: OpRef<Reshape>, _ rw: inout Rewriter) throws(Declined) {
    let input = try rw.operand(op, .input)
    let result = rw.graph.result(op)
    try rw.require(
      rw.graph.type(of: input) == rw.graph.type(of: result), "the reshape changes the shape")
    rw.replaceAllUses(of: result, with: input)
    rw.erase(op.id)
  }

  /// reshape(reshape(x)) → reshape(x)
  private static func mergeReshapes(_ op: OpRef<Reshape>, _ rw: inout Rewriter) throws(Declined) {
    let inner = try rw.producer(of: try rw.operand(op, .input), as: Reshape.self)
    let source = try rw.operand(inner, .input)
    let result = rw.graph.type(of: rw.graph.result(op)).shape
    // A copied entry stays copied only if the inner reshape copies it too.
    var shape = op.shape
    for axis in shape.indices where shape[axis] == Reshape.copied {
      let isCopied = axis < inner.shape.count && inner.shape[axis] == Reshape.copied
      if !isCopied { shape[axis] = result[axis] }
    }
    try rw.substitute(op.id, by: Reshape(to: shape), [source])
  }

  /// reshape(unary(reshape(x))) → reshape(reshape(unary(x))), which merges
  private static func sinkReshape(_ op: OpRef<Unary>, _ rw: inout Rewriter) throws(Declined) {
    let input = try rw.operand(op, .input)
    let reshape = try rw.producer(of: input, as: Reshape.self)
    try rw.requireSingleUse(input)
    let result = rw.graph.result(op)
    try rw.requireSingleUse(result)
    let reader = rw.graph.uses(of: result)[0].user
    try rw.require(
      rw.graph.op(reader, as: Reshape.self) != nil, "the result is not read by a reshape")
    let inner = try rw.make(
      op.attributes, [try rw.operand(reshape, .input)], location: rw.graph.location(of: op.id))
    try rw.substitute(op.id, by: reshape.attributes, [inner])
  }
}

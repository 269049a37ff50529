// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Concats that join less than it seems. (A rule cannot tell: the number of operands is open.)
enum ConcatRewrites {
  static let all = [Rewrite("single-concat", singleConcat)]

  /// A concat of one tensor; empty ones do not count.
  private static func singleConcat(_ op: OpRef<Concat>, _ rw: inout Rewriter) throws(Declined) {
    let inputs = rw.graph.variadicOperands(op, .inputs)
    let filled = inputs.filter { rw.graph.type(of: $0).shape[op.axis] > 0 }
    guard filled.count == 1 else {
      try rw.require(
        filled.count > 1 && filled.count < inputs.count, "the concat joins several tensors")
      return try rw.substitute(op.id, by: op.attributes, filled)
    }
    let result = rw.graph.result(op)
    try rw.require(
      rw.graph.type(of: filled[0]) == rw.graph.type(of: result), "the op changes the type")
    rw.replaceAllUses(of: result, with: filled[0])
    rw.erase(op.id)
  }
}

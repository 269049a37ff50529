// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// A graph whose pieces are computed apart in one program: what decisions make is an output, and what
/// reads it reads an added input, which holds the evaluator's integers. An integer that is one step off
/// so moves nothing else.
struct PieceProbe {
  /// The graph; the ports of the whole come first.
  private(set) var graph: Graph
  /// The values that the added inputs stand for, in order.
  private(set) var fed: [ValueID] = []
  /// The values that the added outputs show, in order.
  private(set) var shown: [ValueID] = []

  /// Takes a graph apart at its decisions; `others` are values that become outputs too.
  init(_ whole: Graph, _ decisions: Decisions, showing others: [ValueID] = []) {
    graph = whole
    let decided = decisions.ops.flatMap { whole.results(of: $0) }
    fed = decided.filter { !whole.uses(of: $0).isEmpty }
    shown = decided + others
    let (fed, shown) = (fed, shown)
    graph.rewrite { rw in
      for (i, value) in shown.enumerated() { rw.addOutput(name: "shown.\(i)", value: value) }
      for (i, value) in fed.enumerated() {
        let given = rw.addInput(name: "fed.\(i)", type: whole.type(of: value))
        for use in whole.uses(of: value) { rw.setOperand(of: use.user, slot: use.slot, to: given) }
      }
    }
  }
}

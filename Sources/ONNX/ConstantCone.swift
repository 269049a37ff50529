// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The ops that a constant value depends on, as a graph of its own.
struct ConstantCone {
  let graph: Graph
  let result: ValueID

  /// The cone of a value that depends on no input. `known` values are constants in it.
  init(of value: ValueID, in source: Graph, known: [ValueID: Tensor]) {
    var members: Set<OpID> = []
    var pending = [value]
    while let next = pending.popLast() {
      guard known[next] == nil, let op = source.producer(of: next) else { continue }
      if members.insert(op).inserted {
        pending.append(contentsOf: source.operands(of: op).compactMap { $0 })
      }
    }
    var rewriter = Rewriter(Graph(name: "constant"))
    var values: [ValueID: ValueID] = [:]
    // Ops are only ever added at the end, so that their handles ascend in topological order.
    for op in members.sorted() {
      var operands: [ValueID?] = []
      for operand in source.operands(of: op) {
        if let operand, values[operand] == nil {
          guard let tensor = known[operand] ?? source.tensor(operand) else {
            unreachable("an operand of constant arithmetic varies")
          }
          values[operand] = rewriter.addConstant(tensor)
        }
        operands.append(operand.flatMap { values[$0] })
      }
      do throws(TypeMismatch) {
        let results = try rewriter.insert(
          source.definition(of: op), operands, location: source.location(of: op))
        for (old, new) in zip(source.results(of: op), results) { values[old] = new }
      } catch {
        unreachable("an op of a graph does not fit into its copy")
      }
    }
    guard let found = values[value] else { unreachable("a cone without its value") }
    result = found
    rewriter.addOutput(name: "constant", value: found)
    graph = rewriter.finish()
  }
}

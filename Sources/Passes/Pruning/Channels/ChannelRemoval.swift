// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Makes the ops anew that lose channels.
struct ChannelRemoval {
  /// The channels that stay, for each value that some leave.
  let kept: [ValueID: [Int]]
  let constants: ChannelConstants

  func apply(to graph: inout Graph) {
    // The analyses look at the graph as it was.
    let before = graph
    graph.rewrite { rw in
      var narrow: [ValueID: ValueID] = [:]
      var replaced: [OpID] = []
      for id in before.opIDs {
        let results = before.results(of: id)
        let operands = before.operands(of: id)
        let isTouched = (results + operands.compactMap { $0 }).contains { kept[$0] != nil }
        guard isTouched, let flow = before.definition(of: id) as? any ChannelFlow else { continue }
        let op = ChannelOp(graph: before, id: id)
        let (definition, constants) = plain(flow, op, narrowing(op))
        rw.insertionPoint = id
        var present = rw.graph.operands(of: id)
        while present.count <= constants.keys.max() ?? -1 { present.append(nil) }
        for slot in present.indices {
          if let constant = constants[slot] {
            present[slot] = insert(constant, op, slot, &rw)
          } else if slot < operands.count, let old = operands[slot], let new = narrow[old] {
            present[slot] = new
          }
        }
        guard
          let new = try? rw.insert(definition, present, location: before.location(of: id))[0]
        else { unreachable("an op without some channels is an op") }
        rw.setName(of: new, to: before.name(of: results[0]))
        if let stays = kept[results[0]] {
          narrow[results[0]] = new
          rw.setStatistics(
            of: new, to: before.statistics(of: results[0]).map { $0.selecting(stays) })
        } else {
          rw.replaceAllUses(of: results[0], with: new)
        }
        replaced.append(id)
      }
      rw.insertionPoint = nil
      for id in replaced.reversed() { rw.erase(id) }
    }
  }

  private func narrowing(_ op: ChannelOp) -> Narrowing {
    let result = op.graph.results(of: op.id)[0]
    let operands = (0..<op.operandCount).map { slot in
      guard let value = op.value(slot) else { return [Int]() }
      let shape = op.graph.type(of: value).shape
      return kept[value] ?? (shape.rank >= 2 ? Array(0..<shape[1]) : [])
    }
    return Narrowing(
      result: kept[result] ?? Array(0..<op.channels), operands: operands,
      known: op.value(0).map { constants[$0, in: op.graph] } ?? [])
  }

  private func plain<Op: ChannelFlow>(
    _ flow: Op, _ op: ChannelOp, _ narrowing: Narrowing
  ) -> (any OpDefinition, [Int: LayerConstant]) {
    let narrowed = flow.narrowed(op, narrowing)
    return (narrowed.definition, narrowed.constants)
  }

  /// Adds a constant for a slot of an op, and the `dequantize` behind it if it has one.
  private func insert(
    _ constant: LayerConstant, _ op: ChannelOp, _ slot: Int, _ rw: inout Rewriter
  ) -> ValueID {
    let name = constantName(op, slot)
    guard let (definition, operands) = constant.dequantized else {
      return rw.addConstant(constant.values, name: name)
    }
    let old = op.value(slot).flatMap { op.graph.producer(of: $0) }
    let names = old.map { op.graph.operands(of: $0) }?.map {
      $0.flatMap { op.graph.constant($0)?.name } ?? ""
    }
    let values = operands.enumerated().map { position, tensor in
      tensor.map { rw.addConstant($0, name: names?[position] ?? name) }
    }
    let location = op.graph.location(of: old ?? op.id)
    guard let result = try? rw.insert(definition, values, location: location)[0] else {
      unreachable("a dequantize of fewer numbers is one")
    }
    return result
  }

  private func constantName(_ op: ChannelOp, _ slot: Int) -> String {
    if let old = op.value(slot).flatMap({ op.graph.constant($0) }) { return old.name }
    // The only constant that comes new is a bias: it is named after the weight beside it.
    let weight = op.value(slot - 1).flatMap { op.graph.constant($0) }
    return weight.map { "\($0.name)_bias" } ?? ""
  }
}

extension ChannelStatistics {
  /// Those of some channels.
  func selecting(_ channels: [Int]) -> ChannelStatistics {
    ChannelStatistics(
      mean: channels.map { mean[$0] }, deviation: channels.map { deviation[$0] })
  }
}

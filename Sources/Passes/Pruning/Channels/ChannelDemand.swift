// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Which channels of a graph's values must stay: the least set that the outputs, the readers and
/// the ties between channels ask for. It starts with what outputs and opaque ops need and grows
/// along a worklist until nothing is added.
struct ChannelDemand {
  private var needed = SideTable<ValueRecord, [Bool]>(default: [])
  private var relations = SideTable<OpRecord, ChannelRelation?>(default: nil)
  private var isQueued = SideTable<OpRecord, Bool>(default: false)
  private var queue: [OpID] = []

  init(of graph: Graph, _ constants: ChannelConstants) {
    let ops = graph.opIDs
    for port in graph.inputs { needed[port.value] = Self.all(port.value, graph) }
    for op in ops {
      for result in graph.results(of: op) {
        needed[result] = Self.all(result, graph).map { _ in false }
      }
    }
    for port in graph.outputs where graph.tensor(port.value) == nil { need(port.value, in: graph) }
    for op in ops { relate(op, graph) }
    for op in ops.reversed() { enqueue(op) }
    settle(graph, constants)
    // A value keeps one channel at least: there are no layers without any.
    for op in ops {
      for result in graph.results(of: op) where !needed[result].isEmpty {
        if !needed[result].contains(true) {
          need(result, channel: 0, in: graph)
          settle(graph, constants)
        }
      }
    }
  }

  /// The channels that stay, for each value that some leave.
  func kept(in graph: Graph) -> [ValueID: [Int]] {
    var kept: [ValueID: [Int]] = [:]
    for op in graph.opIDs {
      for result in graph.results(of: op) where needed[result].contains(false) {
        kept[result] = needed[result].indices.filter { needed[result][$0] }
      }
    }
    return kept
  }

  /// An entry for each channel; none for a value without channels.
  private static func all(_ value: ValueID, _ graph: Graph) -> [Bool] {
    let shape = graph.type(of: value).shape
    return shape.rank >= 2 && ChannelOp.isCountable(shape) ? Array(repeating: true, count: shape[1]) : []
  }

  private mutating func relate(_ op: OpID, _ graph: Graph) {
    let flow = graph.definition(of: op) as? any ChannelFlow
    let view = ChannelOp(graph: graph, id: op)
    if view.hasChannels, let relation = flow?.relation(view), relation.isFollowable(view) {
      relations[op] = relation
      if case .tied(_, let whole) = relation {
        for slot in whole { view.value(slot).map { need($0, in: graph) } }
      }
    } else {
      for case let operand? in graph.operands(of: op) { need(operand, in: graph) }
      for result in graph.results(of: op) { need(result, in: graph) }
    }
  }

  // MARK: The worklist

  private mutating func enqueue(_ op: OpID) {
    guard !isQueued[op] else { return }
    isQueued[op] = true
    queue.append(op)
  }

  private mutating func need(_ value: ValueID, in graph: Graph) {
    guard needed[value].contains(false) else { return }
    needed[value] = needed[value].map { _ in true }
    wake(value, graph)
  }

  private mutating func need(_ value: ValueID, channel: Int, in graph: Graph) {
    guard !needed[value][channel] else { return }
    needed[value][channel] = true
    wake(value, graph)
  }

  /// Has the ops around a value looked at again.
  private mutating func wake(_ value: ValueID, _ graph: Graph) {
    if let producer = graph.producer(of: value) { enqueue(producer) }
    for use in graph.uses(of: value) { enqueue(use.user) }
  }

  private mutating func settle(_ graph: Graph, _ constants: ChannelConstants) {
    while let op = queue.popLast() {
      isQueued[op] = false
      let operands = graph.operands(of: op)
      let result = graph.results(of: op)[0]
      switch relations[op] {
      case nil: break
      case .tied(let slots, _):
        for (slot, pairs) in slots {
          if let operand = operands[slot] { tie(operand, result, pairs, graph) }
        }
      case .mixed(let weights, let uniform):
        if let input = operands[0] {
          let known = constants[input, in: graph]
          mix(input, result, weights, uniform, known, graph)
        }
      }
    }
  }

  private mutating func tie(
    _ operand: ValueID, _ result: ValueID, _ pairs: [ChannelPair], _ graph: Graph
  ) {
    var (mine, its) = (needed[operand], needed[result])
    var (mineGrew, itsGrew) = (false, false)
    for pair in pairs where mine[pair.operand] != its[pair.result] {
      if mine[pair.operand] {
        its[pair.result] = true
        itsGrew = true
      } else {
        mine[pair.operand] = true
        mineGrew = true
      }
    }
    needed[operand] = mine
    needed[result] = its
    // A channel tied to several may have been passed before the one that asks for it: then the op
    // is woken again.
    if mineGrew { wake(operand, graph) }
    if itsGrew { wake(result, graph) }
  }

  private mutating func mix(
    _ input: ValueID, _ result: ValueID, _ weights: WeightMatrix, _ uniform: Bool,
    _ known: [Double?], _ graph: Graph
  ) {
    var (ins, outs) = (needed[input], needed[result])
    for group in 0..<weights.groups {
      let readers = weights.outputs(of: group).filter { outs[$0] }
      for (j, channel) in weights.inputs(of: group).enumerated() where !ins[channel] {
        if channel < known.count, let constant = known[channel], constant == 0 || uniform {
          continue
        }
        ins[channel] = readers.contains { weights.reads($0, j) }
      }
    }
    weights.evenOut(&ins, &outs)
    let (inputGrew, resultGrew) = (ins != needed[input], outs != needed[result])
    (needed[input], needed[result]) = (ins, outs)
    if inputGrew { wake(input, graph) }
    if resultGrew { wake(result, graph) }
  }
}

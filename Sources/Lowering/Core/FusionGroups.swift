// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors
import Targets

/// Ops that are computed by one lowering: an anchor and the elementwise ops behind it, each the only reader of the one before.
struct FusionGroup {
  let anchor: OpID
  let tail: [OpID]
  let lowering: any OpLowering

  /// The op whose result leaves the group.
  var last: OpID { tail.last ?? anchor }
}

/// Splits a graph into groups, in an order in which each comes behind what it reads.
struct FusionGroups {
  private(set) var groups: [FusionGroup] = []
  /// Ops that no lowering takes.
  private(set) var unsupported: [OpID] = []

  init(_ graph: Graph, table: LoweringTable, target: Target) {
    var chosen: [OpID: any OpLowering] = [:]
    for op in graph.opIDs {
      if let lowering = table.lowering(of: op, in: graph, on: target) {
        chosen[op] = lowering
      } else {
        unsupported.append(op)
      }
    }
    guard unsupported.isEmpty else { return }

    // A group is emitted where its last op stands: by then everything that its tail reads is there.
    var taken: Set<OpID> = []
    var byLast: [OpID: FusionGroup] = [:]
    for op in graph.opIDs where !taken.contains(op) {
      guard let lowering = chosen[op] else { continue }
      let tail = lowering.acceptsTail ? Self.tail(behind: op, in: graph, taken: taken) : []
      taken.formUnion(tail)
      let group = FusionGroup(anchor: op, tail: tail, lowering: lowering)
      byLast[group.last] = group
    }
    groups = graph.opIDs.compactMap { byLast[$0] }
  }

  /// The longest run of elementwise ops that starts with the only reader of the op's result and keeps its shape.
  private static func tail(behind anchor: OpID, in graph: Graph, taken: Set<OpID>) -> [OpID] {
    var tail: [OpID] = []
    var value = graph.results(of: anchor)[0]
    guard graph.results(of: anchor).count == 1 else { return [] }
    let shape = graph.type(of: value).shape
    while graph.hasSingleUse(value), let next = graph.uses(of: value).first?.user,
      !taken.contains(next), graph.definition(of: next) is any ElementwiseOp,
      let result = graph.results(of: next).first, graph.type(of: result).shape == shape,
      mayStayWide(graph.type(of: value).element),
      readsOnceElementwise(next, value, in: graph)
    {
      tail.append(next)
      value = result
    }
    return tail
  }

  /// Whether a value need not be stored in front of an op. Narrow types are computed in wider ones, and only a store brings
  /// a number back to the values that they have.
  private static func mayStayWide(_ element: ElementType) -> Bool { element.computed == element }

  /// Whether the op reads the value position by position (and not as a scale or another parameter).
  private static func readsOnceElementwise(
    _ op: OpID, _ value: ValueID, in graph: Graph
  ) -> Bool {
    guard let definition = graph.definition(of: op) as? any ElementwiseOp else { return false }
    let slots = graph.operands(of: op)
    return slots.indices.allSatisfy { slots[$0] != value || definition.isPositional(slot: $0) }
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors
import Targets

/// Ops that are computed by one lowering: an anchor and the elementwise ops behind it, each the only reader of the one before;
/// in front of a reader of several operands those that only widen one of them.
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
    func add(_ anchor: OpID) {
      guard !taken.contains(anchor), let lowering = chosen[anchor] else { return }
      let tail = lowering.acceptsTail ? Self.tail(behind: anchor, in: graph, taken: taken) : []
      taken.insert(anchor)
      taken.formUnion(tail)
      let group = FusionGroup(anchor: anchor, tail: tail, lowering: lowering)
      byLast[group.last] = group
    }
    for op in graph.opIDs where !taken.contains(op) {
      // What only widens a number waits for the op that reads it: stored, it would take more memory.
      if Self.widening(endingWith: op, in: graph) != nil { continue }
      for case let operand? in graph.operands(of: op) {
        if let source = graph.producer(of: operand),
          let run = Self.widening(endingWith: source, in: graph)
        {
          add(run[0])
        }
      }
      add(op)
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
      for case let operand? in graph.operands(of: next) where operand != value {
        if let source = graph.producer(of: operand), !taken.contains(source), source != anchor,
          let run = widening(endingWith: source, in: graph)
        {
          tail += run
        }
      }
      tail.append(next)
      value = result
    }
    return tail
  }

  /// The run of ops that ends with this one and makes numbers of a wider type of a stored tensor, for one elementwise op that
  /// reads them at their own positions: a conversion, and arithmetic with constants behind it. The ops of a run are taken in
  /// together, or not at all.
  private static func widening(endingWith last: OpID, in graph: Graph) -> [OpID]? {
    var run: [OpID] = []
    var op = last
    // As an integer sum scales its operands: a cast, a zero point, a factor. Longer runs stand alone.
    while run.count < 4 {
      run.append(op)
      if isWidening(op, in: graph) { return run.reversed() }
      guard let source = constantArithmetic(op, in: graph) else { return nil }
      op = source
    }
    return nil
  }

  /// What makes the stored operand of an op whose other operand is a constant, where one elementwise op reads the result.
  private static func constantArithmetic(_ op: OpID, in graph: Graph) -> OpID? {
    guard let binary = graph.definition(of: op) as? Binary, !binary.function.isComparison,
      let result = graph.results(of: op).first, graph.hasSingleUse(result),
      let reader = graph.uses(of: result).first?.user
    else { return nil }
    let computed = graph.operands(of: op).compactMap { $0 }.filter { graph.tensor($0) == nil }
    let type = graph.type(of: result)
    guard computed.count == 1, graph.type(of: computed[0]) == type, mayStayWide(type.element),
      graph.type(of: graph.results(of: reader)[0]).shape == type.shape,
      readsOnceElementwise(reader, result, in: graph)
    else { return nil }
    return graph.producer(of: computed[0])
  }

  /// Whether an op gives the numbers of a stored tensor a wider type, for one elementwise op that reads them at their own
  /// positions. Of conversions behind each other only the first does.
  private static func isWidening(_ op: OpID, in graph: Graph) -> Bool {
    func converts(_ op: OpID) -> Bool {
      let definition = graph.definition(of: op)
      return definition is Dequantize || definition is Cast
    }
    guard converts(op), let result = graph.results(of: op).first,
      let input = graph.operands(of: op)[0], graph.tensor(input) == nil, graph.hasSingleUse(result),
      let reader = graph.uses(of: result).first?.user
    else { return false }
    if let source = graph.producer(of: input), converts(source) { return false }
    let (from, to) = (graph.type(of: input), graph.type(of: result))
    return from.element.bitCount < to.element.bitCount && mayStayWide(to.element)
      && graph.operands(of: op).dropFirst().allSatisfy { $0.map { graph.tensor($0) != nil } ?? true }
      && graph.type(of: graph.results(of: reader)[0]).shape == to.shape
      && readsOnceElementwise(reader, result, in: graph)
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

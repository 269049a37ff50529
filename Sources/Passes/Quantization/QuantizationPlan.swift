// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Which values of a graph are brought onto grids, and whose grids they have.
struct QuantizationPlan {
  /// A layer whose weight and bias become integers.
  struct Layer {
    let op: OpID
    /// The axis of the weight along which its outputs lie.
    let axis: Int
    /// Whether no layer stands in front of it, or none behind it.
    fileprivate(set) var isEnd = false
  }

  /// An op that asks for grids, and the values that it asks for.
  struct Unit {
    let op: OpID
    fileprivate(set) var values: [ValueID]
  }

  /// The values with a grid of their own, in the order of the graph; constants among them.
  private(set) var values: [ValueID] = []
  private(set) var layers: [Layer] = []
  private(set) var units: [Unit] = []
  /// The values that have the grid of another one.
  private(set) var followers: [(value: ValueID, leader: ValueID)] = []
  /// How many ops compute on grids.
  private(set) var quantizedCount = 0
  /// The layers that stay in float as their weights are computed.
  private(set) var computedLayers: [Location] = []
  private var leaders: [ValueID: ValueID] = [:]
  /// The units of the ops that leave the grid of their result to the bound behind them.
  private var pending: [OpID: Int] = [:]
  /// What these ops make in front of the bound.
  private(set) var pendingResults: [ValueID] = []

  /// - Parameters:
  ///   - outputs: Whether the results of layers that no op on grids reads have grids.
  ///   - keeps: Whether the user keeps an op in float.
  init(
    of graph: Graph, outputs: OutputForm = .grid, keeps: (OpID) -> Bool = { _ in false }
  ) {
    var roles = SideTable<OpRecord, QuantizedRole?>(default: nil)
    for op in graph.opIDs {
      let definition = graph.definition(of: op)
      let operands = graph.operands(of: op)
      let result = graph.results(of: op)[0]
      let isFloat = graph.type(of: result).element == .f32
      guard isFloat, !keeps(op), let quantizable = definition as? any QuantizableOp,
        let role = quantizable.role({ $0 < operands.count ? operands[$0] : nil }, in: graph)
      else {
        if isFloat, !keeps(op), Self.hasWeights(definition) {
          computedLayers.append(graph.location(of: op))
        }
        continue
      }
      roles[op] = role
    }
    for op in graph.opIDs {
      guard let role = roles[op] else { continue }
      let leavesSums = outputs == .sums && Self.endsInFloats(op, role, graph, roles)
      add(op, role, graph, leavesSums: leavesSums) { reader in
        if case .bound = roles[reader] { return true }
        return false
      }
    }
    let order = Self.order(graph)
    values.sort { order[$0] < order[$1] }
    markEnds(graph)
  }

  /// Layers that stay in float count as well.
  private mutating func markEnds(_ graph: Graph) {
    var hasBefore = SideTable<OpRecord, Bool>(default: false)
    var hasBehind = SideTable<OpRecord, Bool>(default: false)
    for op in graph.opIDs {
      hasBefore[op] = graph.operands(of: op).contains { operand in
        guard let producer = operand.flatMap({ graph.producer(of: $0) }) else { return false }
        return hasBefore[producer] || Self.hasWeights(graph.definition(of: producer))
      }
    }
    for op in graph.opIDs.reversed() {
      hasBehind[op] = graph.results(of: op).flatMap { graph.uses(of: $0) }.contains { use in
        hasBehind[use.user] || Self.hasWeights(graph.definition(of: use.user))
      }
    }
    for i in layers.indices {
      layers[i].isEnd = !hasBefore[layers[i].op] || !hasBehind[layers[i].op]
    }
  }

  private mutating func add(
    _ op: OpID, _ role: QuantizedRole, _ graph: Graph, leavesSums: Bool, isBound: (OpID) -> Bool
  ) {
    let operands = graph.operands(of: op)
    let result = graph.results(of: op)[0]
    switch role {
    case .layer(let axis):
      guard let input = operands[0], place(input, graph) else { return }
      units.append(Unit(op: op, values: [input]))
      layers.append(Layer(op: op, axis: axis))
    case .operation(let slots):
      let inputs = slots.compactMap { operands[$0] }
      guard inputs.allSatisfy({ graph.type(of: $0).element == .f32 }) else { return }
      for input in inputs { _ = place(input, graph) }
      units.append(Unit(op: op, values: inputs))
    case .movement:
      guard let input = operands[0], let leader = leaders[input] else { return }
      leaders[result] = leader
      followers.append((result, leader))
      quantizedCount += 1
      return
    case .bound:
      // Behind a float op there is nothing to save.
      guard let input = operands[0], let producer = graph.producer(of: input),
        leaders[input] != nil || pending[producer] != nil
      else { return }
      if let unit = pending[producer] { units[unit].values.append(result) }
    }
    quantizedCount += 1
    if leavesSums { return }
    // A bound that alone reads a result belongs to the op: the grid is that of what it leaves.
    if case .bound = role {
      _ = place(result, graph)
      return
    }
    let readers = graph.uses(of: result)
    if readers.count == 1, !graph.isOutput(result), isBound(readers[0].user) {
      pending[op] = units.count - 1
      pendingResults.append(result)
    } else {
      _ = place(result, graph)
      units[units.count - 1].values.append(result)
    }
  }

  /// Whether the result of a layer is read, perhaps as another shape, by nothing that has a grid.
  private static func endsInFloats(
    _ op: OpID, _ role: QuantizedRole, _ graph: Graph,
    _ roles: SideTable<OpRecord, QuantizedRole?>
  ) -> Bool {
    guard case .layer = role else { return false }
    var results = [graph.results(of: op)[0]]
    while let result = results.popLast() {
      for reader in graph.uses(of: result).map(\.user) where roles[reader] != nil {
        guard graph.definition(of: reader) is Reshape else { return false }
        results.append(graph.results(of: reader)[0])
      }
    }
    return true
  }

  /// Takes the grids of all other values away.
  mutating func keepGrids(of some: Set<ValueID>) {
    values.removeAll { !some.contains($0) }
    followers.removeAll { !some.contains($0.value) }
  }

  /// The values whose grids some ops ask for, by the value that the grid is of.
  func leaders(askedForBy isMeant: (OpID) -> Bool) -> Set<ValueID> {
    Set(units.filter { isMeant($0.op) }.flatMap(\.values).compactMap { leaders[$0] })
  }

  /// Gives a value a grid of its own unless it has one; false if it can have none.
  private mutating func place(_ value: ValueID, _ graph: Graph) -> Bool {
    guard graph.type(of: value).element == .f32 else { return false }
    if leaders[value] == nil {
      leaders[value] = value
      values.append(value)
    }
    return true
  }

  private static func hasWeights(_ definition: any OpDefinition) -> Bool {
    definition is Convolution || definition is TransposedConvolution
      || definition is MatrixMultiply
  }

  /// The position of each value: inputs and constants in front of the ops.
  private static func order(_ graph: Graph) -> SideTable<ValueRecord, Int> {
    var order = SideTable<ValueRecord, Int>(default: -1)
    for (position, op) in graph.opIDs.enumerated() {
      for result in graph.results(of: op) { order[result] = position }
    }
    return order
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Shrinks a graph while a test still finds it interesting. Each way to make it smaller is a list
/// of features that `DeltaDebugging` takes away: ops (what others read of them becomes inputs),
/// outputs, ops that can be bypassed, optional operands, constants and inputs that may as well be
/// zeros or ones.
struct GraphReducer {
  /// The smallest interesting graph so far.
  private(set) var graph: Graph
  private let budget: TestBudget
  private let progress: (String) -> Void
  private let isInteresting: (Graph) throws(Failure) -> Bool

  /// A reducer of a graph that is known to be interesting.
  init(
    _ graph: Graph, budget: TestBudget, progress: @escaping (String) -> Void = { _ in },
    isInteresting: @escaping (Graph) throws(Failure) -> Bool
  ) {
    self.graph = graph
    self.budget = budget
    self.progress = progress
    self.isInteresting = isInteresting
  }

  /// Shrinks until nothing more can be taken away, or the budget is spent.
  mutating func run() throws(Failure) {
    var size = Int.max
    while !budget.isSpent, measure < size {
      size = measure
      try removeOps()
      try removeOutputs()
      try bypassOps()
      try dropOperands()
      try fillConstants(with: 0)
      try fillConstants(with: 1)
      try fillInputs()
    }
  }

  /// What gets smaller with each round that achieves something.
  private var measure: Int {
    let plain = graph.constantIDs.count { Self.fill(of: graph.tensor($0)) == nil }
    let slots = graph.opIDs.reduce(0) { $0 + graph.operands(of: $1).count { $0 != nil } }
    return graph.opCount + graph.outputs.count + graph.inputs.count + plain + slots
  }

  /// Takes away features; `make` builds the graph with those that are kept.
  private mutating func minimize<Feature>(
    _ name: String, _ features: [Feature],
    _ make: (Graph, _ kept: [Feature]) throws(Failure) -> Graph?
  ) throws(Failure) {
    let start = graph
    let budget = budget
    let isInteresting = isInteresting
    let progress = progress
    var best = graph
    _ = try DeltaDebugging.minimize(features, isSpent: { budget.isSpent }) {
      (kept) throws(Failure) in
      guard let candidate = try make(start, kept), candidate.verify().isEmpty else { return false }
      budget.count()
      guard try isInteresting(candidate) else { return false }
      best = candidate
      progress(
        "\(name): \(candidate.opCount) ops, \(candidate.outputs.count) outputs after \(budget.runs) runs"
      )
      return true
    }
    graph = best
  }

  private mutating func removeOps() throws(Failure) {
    try minimize("remove ops", graph.opIDs) { (graph, kept) throws(Failure) in
      try GraphCut(graph, keeping: kept).graph
    }
  }

  private mutating func removeOutputs() throws(Failure) {
    guard graph.outputs.count > 1 else { return }
    try minimize("drop outputs", Array(graph.outputs.indices)) { (graph, kept) throws(Failure) in
      kept.isEmpty ? nil : try Self.live(graph, outputs: kept)
    }
  }

  /// Leads the readers of an op's result to one of its operands of the same type.
  private mutating func bypassOps() throws(Failure) {
    let candidates = graph.opIDs.filter { Self.detour(around: $0, in: graph) != nil }
    try minimize("bypass ops", candidates) { (graph, kept) throws(Failure) in
      var changed = graph
      let keeps = Set(kept)
      changed.rewrite { rw in
        for op in candidates where !keeps.contains(op) {
          guard let (result, operand) = Self.detour(around: op, in: rw.graph) else { continue }
          rw.replaceAllUses(of: result, with: operand)
        }
      }
      return try Self.live(changed)
    }
  }

  private static func detour(around op: OpID, in graph: Graph) -> (
    result: ValueID, operand: ValueID
  )? {
    let results = graph.results(of: op)
    guard results.count == 1 else { return nil }
    let fitting = graph.operands(of: op).lazy.compactMap { $0 }.first {
      graph.type(of: $0) == graph.type(of: results[0]) && graph.constant($0) == nil
    }
    return fitting.map { (results[0], $0) }
  }

  private mutating func dropOperands() throws(Failure) {
    let graph = graph
    let slots = graph.opIDs.flatMap { op in
      let operands = graph.operands(of: op)
      return OptionalOperands.slots(of: graph.definition(of: op)).filter {
        $0 < operands.count && operands[$0] != nil
      }.map { OptionalOperands.Slot(op: op, slot: $0) }
    }
    try minimize("drop operands", slots) { (graph, kept) throws(Failure) in
      var changed = graph
      let keeps = Set(kept)
      changed.rewrite { rw in
        for use in slots where !keeps.contains(use) {
          rw.setOperand(of: use.op, slot: use.slot, to: nil)
        }
      }
      // An op that needs the operand after all makes a graph that is not sound, and is not tried.
      guard changed.verify().isEmpty else { return nil }
      return try Self.live(changed)
    }
  }

  private mutating func fillConstants(with number: Double) throws(Failure) {
    let values = graph.constantIDs.filter {
      let fill = Self.fill(of: graph.tensor($0))
      return fill == nil || fill != 0 && fill != number
    }
    try minimize("constants to \(Int(number))", values) { (graph, kept) throws(Failure) in
      var changed = graph
      let keeps = Set(kept)
      changed.rewrite { rw in
        for value in values where !keeps.contains(value) {
          let new = rw.addConstant(
            Self.filled(graph.type(of: value), number), name: graph.constant(value)?.name ?? "")
          rw.replaceAllUses(of: value, with: new)
        }
      }
      return try Self.live(changed)
    }
  }

  private mutating func fillInputs() throws(Failure) {
    let ports = graph.inputs.filter { port in
      if case .state = port.role { false } else { true }
    }
    try minimize("inputs to 0", ports.map(\.value)) { (graph, kept) throws(Failure) in
      var changed = graph
      let keeps = Set(kept)
      changed.rewrite { rw in
        for port in ports where !keeps.contains(port.value) {
          let zeros = rw.addConstant(Self.filled(graph.type(of: port.value), 0), name: port.name)
          rw.replaceAllUses(of: port.value, with: zeros)
        }
      }
      return try Self.live(changed)
    }
  }

  // MARK: Parts

  /// The graph without ops that no output needs and inputs that nothing reads; with some of its
  /// outputs only if they are named by position.
  private static func live(_ graph: Graph, outputs: [Int]? = nil) throws(Failure) -> Graph {
    let outputs = outputs.map { Set($0) }
    let live = GraphCut.liveOps(of: graph, outputs: outputs)
    return try GraphCut(graph, keeping: live, outputs: outputs).graph
  }

  private static func filled(_ type: TensorType, _ number: Double) -> Tensor {
    if number == 0, let zeros = Tensor(type, bytes: Bytes(count: type.byteCount) { _ in }) {
      return zeros
    }
    return Tensor(type, rounding: Array(repeating: number, count: type.shape.elementCount))
  }

  /// 0 or 1 if all elements are; nil otherwise.
  private static func fill(of tensor: Tensor?) -> Double? {
    guard let numbers = tensor?.doubles() else { return nil }
    guard let first = numbers.first else { return 0 }
    return (first == 0 || first == 1) && numbers.allSatisfy { $0 == first } ? first : nil
  }
}

/// The slots of operands that may be absent.
enum OptionalOperands {
  /// One of them.
  struct Slot: Hashable {
    let op: OpID
    let slot: Int
  }

  static func slots(of definition: any OpDefinition) -> [Int] {
    func slots<Op: OpDefinition>(_ op: Op) -> [Int] { Op.optionalOperands.map(\.rawValue) }
    return slots(definition)
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Which op of one graph is which op of another. First come ops that are the same in all (kind,
/// attributes, location and what they read), found from the front; then, from the outputs back,
/// those that are the same but for what they read; then what location, tensor name and kind tell,
/// in order. Names of tensors and the order of independent ops do not have to agree. Takes time in
/// proportion to the graphs.
struct GraphMatching {
  let old: Graph
  let new: Graph
  private var newByOld = SideTable<OpRecord, OpID?>(default: nil)
  private var oldByNew = SideTable<OpRecord, OpID?>(default: nil)
  private let oldOps: [OpID]
  private let newOps: [OpID]

  /// Matches two graphs.
  init(_ old: Graph, _ new: Graph) {
    self.old = old
    self.new = new
    oldOps = old.opIDs
    newOps = new.opIDs
    pairSame()
    pairFromOutputs()
    pairByKey { graph, op in
      Self.resultName(graph, op).map { Key([$0], Self.kind(graph, op), graph.location(of: op)) }
    }
    pairByKey { graph, op in
      let location = graph.location(of: op)
      return location.layers.isEmpty ? nil : Key([], Self.kind(graph, op), location)
    }
    pairByKey { graph, op in
      Self.resultName(graph, op).map { Key([$0], Self.kind(graph, op), Location()) }
    }
    pairByKey { graph, op in
      graph.location(of: op).layers.first.map { Key([], Self.kind(graph, op), Location([$0])) }
    }
    pairByKey { graph, op in
      guard graph.location(of: op).layers.isEmpty else { return nil }
      let types = graph.results(of: op).map { graph.type(of: $0).description }
      return Key(types, Self.kind(graph, op), Location())
    }
  }

  /// The op of the new graph that an op of the old one has become, if it is still there.
  func new(of old: OpID) -> OpID? { newByOld[old] }
  /// The op of the old graph that an op of the new one was, if it was there.
  func old(of new: OpID) -> OpID? { oldByNew[new] }

  /// Whether two values are the same by their makers: results of matched ops, inputs of one name,
  /// constants of one content.
  func isSame(_ before: ValueID, _ after: ValueID) -> Bool {
    switch (old.source(of: before), new.source(of: after)) {
    case (.result(let a, let i), .result(let b, let j)): oldByNew[b] == a && i == j
    case (.input(let i), .input(let j)): old.inputs[i].name == new.inputs[j].name
    case (.constant, .constant):
      old.type(of: before) == new.type(of: after)
        && old.constant(before)?.digest == new.constant(after)?.digest
    default: false
    }
  }

  // MARK: The ways to pair

  private struct Key: Hashable {
    let words: [String]
    let kind: String
    let location: Location

    init(_ words: [String], _ kind: String, _ location: Location) {
      self.words = words
      self.kind = kind
      self.location = location
    }
  }

  private struct SameKey: Hashable {
    let attributes: [String]
    let kind: String
    let location: Location
    let operands: [Int]
  }

  private enum Leaf: Hashable {
    case input(String)
    case constant(String)
  }

  private mutating func pair(_ before: OpID, _ after: OpID) {
    newByOld[before] = after
    oldByNew[after] = before
  }

  /// Gives every value of both graphs a number, the same for values that are computed alike.
  private mutating func pairSame() {
    var leaves: [Leaf: Int] = [:]
    var count = 0
    func fresh() -> Int {
      count += 1
      return count
    }
    func number(_ leaf: Leaf) -> Int {
      if let known = leaves[leaf] { return known }
      let made = fresh()
      leaves[leaf] = made
      return made
    }
    func leafNumbers(_ graph: Graph) -> SideTable<ValueRecord, Int> {
      var numbers = SideTable<ValueRecord, Int>(default: 0)
      for port in graph.inputs { numbers[port.value] = number(.input(port.name)) }
      for value in graph.constantIDs {
        numbers[value] = number(.constant(graph.constant(value)?.digest ?? ""))
      }
      return numbers
    }
    func key(_ graph: Graph, _ op: OpID, _ numbers: SideTable<ValueRecord, Int>) -> SameKey {
      let definition = graph.definition(of: op)
      return SameKey(
        attributes: OpText.attributes(of: definition).map(\.text),
        kind: type(of: definition).name, location: graph.location(of: op),
        operands: graph.operands(of: op).map { $0.map { numbers[$0] } ?? -1 })
    }
    var oldNumbers = leafNumbers(old)
    var waiting: [SameKey: [OpID]] = [:]
    for op in oldOps {
      waiting[key(old, op, oldNumbers), default: []].append(op)
      for result in old.results(of: op) { oldNumbers[result] = fresh() }
    }
    for key in Array(waiting.keys) { waiting[key]?.reverse() }
    var newNumbers = leafNumbers(new)
    for op in newOps {
      let results = new.results(of: op)
      if let match = waiting[key(new, op, newNumbers), default: []].popLast() {
        pair(match, op)
        for (a, b) in zip(old.results(of: match), results) { newNumbers[b] = oldNumbers[a] }
      } else {
        for result in results { newNumbers[result] = fresh() }
      }
    }
  }

  private mutating func pairFromOutputs() {
    let known = Dictionary(old.outputs.map { ($0.name, $0.value) }, uniquingKeysWith: { a, _ in a })
    var open: [(ValueID, ValueID)] = new.outputs.reversed().compactMap { port in
      known[port.name].map { ($0, port.value) }
    }
    while let (before, after) = open.popLast() {
      guard case .result(let a, let i) = old.source(of: before),
        case .result(let b, let j) = new.source(of: after), i == j,
        newByOld[a] == nil, oldByNew[b] == nil,
        old.definition(of: a).isSame(as: new.definition(of: b)),
        old.location(of: a) == new.location(of: b)
      else { continue }
      pair(a, b)
      for case (let x?, let y?) in zip(old.operands(of: a), new.operands(of: b)).reversed() {
        open.append((x, y))
      }
    }
  }

  /// Pairs ops that are left and have equal keys, in order.
  private mutating func pairByKey(_ key: (Graph, OpID) -> Key?) {
    var waiting: [Key: [OpID]] = [:]
    for op in oldOps.reversed() where newByOld[op] == nil {
      if let key = key(old, op) { waiting[key, default: []].append(op) }
    }
    guard !waiting.isEmpty else { return }
    for op in newOps where oldByNew[op] == nil {
      guard let key = key(new, op), let match = waiting[key]?.popLast() else { continue }
      pair(match, op)
    }
  }

  private static func kind(_ graph: Graph, _ op: OpID) -> String {
    type(of: graph.definition(of: op)).name
  }

  private static func resultName(_ graph: Graph, _ op: OpID) -> String? {
    graph.results(of: op).first.map { graph.name(of: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR

/// Some ops of a graph as a graph of its own: what they read from elsewhere becomes inputs, what
/// others read of them becomes outputs. Ports that are left keep their names and order.
struct GraphCut {
  /// The part.
  private(set) var graph: Graph
  /// For each input port of the part, the value of the whole graph that it stands for.
  private(set) var inputs: [ValueID] = []
  /// For each output port of the part, the value of the whole graph that it stands for.
  private(set) var outputs: [ValueID] = []

  private let whole: Graph
  private let wholeOutputs: [OutputPort]
  private var isKept = SideTable<OpRecord, Bool>(default: false)
  private var renamed = SideTable<ValueRecord, ValueID?>(default: nil)
  private var inputNames = PortNames()
  private var outputNames = PortNames()

  /// Cuts ops out.
  ///
  /// - Parameters:
  ///   - ports: the positions of the outputs that count; nil: all.
  ///   - plainInputs: whether states and parameters become plain inputs.
  /// - Throws: only if the whole graph is not sound.
  init(
    _ whole: Graph, keeping ops: [OpID], outputs ports: Set<Int>? = nil, plainInputs: Bool = false
  ) throws(Failure) {
    self.whole = whole
    wholeOutputs = Self.outputs(of: whole, ports)
    graph = Graph(name: whole.name)
    for op in ops { isKept[op] = true }
    let kept = whole.opIDs.filter { isKept[$0] }
    var rw = Rewriter(graph)
    do throws(TypeMismatch) {
      addInputs(kept, plainInputs, &rw)
      for op in kept { try copy(op, &rw) }
    } catch {
      throw Failure("a part of the graph is not sound: \(error)")
    }
    addOutputs(kept, &rw)
    graph = rw.finish()
  }

  /// The ops from which an output can be reached.
  static func liveOps(of graph: Graph, outputs ports: Set<Int>? = nil) -> [OpID] {
    var isRead = SideTable<ValueRecord, Bool>(default: false)
    for port in outputs(of: graph, ports) { isRead[port.value] = true }
    var live: [OpID] = []
    for op in graph.opIDs.reversed() where graph.results(of: op).contains(where: { isRead[$0] }) {
      live.append(op)
      for case let operand? in graph.operands(of: op) { isRead[operand] = true }
    }
    return live.reversed()
  }

  private static func outputs(of graph: Graph, _ ports: Set<Int>?) -> [OutputPort] {
    graph.outputs.enumerated().filter { ports?.contains($0.offset) ?? true }.map(\.element)
  }

  private func isMadeHere(_ value: ValueID) -> Bool {
    whole.producer(of: value).map { isKept[$0] } ?? false
  }

  private mutating func addInputs(_ kept: [OpID], _ plain: Bool, _ rw: inout Rewriter) {
    var isRead = SideTable<ValueRecord, Bool>(default: false)
    var read: [ValueID] = []
    func note(_ value: ValueID) {
      if !isRead[value] { read.append(value) }
      isRead[value] = true
    }
    for op in kept {
      for case let operand? in whole.operands(of: op) { note(operand) }
    }
    for port in wholeOutputs where whole.producer(of: port.value) == nil { note(port.value) }
    for port in whole.inputs where isRead[port.value] {
      var role: GraphIR.PortRole = plain ? .input : port.role
      if case .state = role {
        let next = wholeOutputs.first { $0.name == port.name }
        let hasNext =
          next.map { isMadeHere($0.value) || whole.producer(of: $0.value) == nil } ?? false
        if !hasNext { role = .input }
      }
      addInput(port.value, port.name, role, &rw)
    }
    for value in read {
      if let constant = whole.constant(value) {
        renamed[value] = rw.addConstant(constant.tensor, name: constant.name)
      } else if whole.producer(of: value) != nil, !isMadeHere(value) {
        addInput(value, whole.name(of: value), .input, &rw)
      }
    }
  }

  private mutating func addInput(
    _ value: ValueID, _ name: String, _ role: GraphIR.PortRole, _ rw: inout Rewriter
  ) {
    let unique = inputNames.claim(name)
    let new = rw.addInput(name: unique, type: whole.type(of: value), role: role)
    rw.setStatistics(of: new, to: whole.statistics(of: value))
    renamed[value] = new
    inputs.append(value)
  }

  private mutating func copy(_ op: OpID, _ rw: inout Rewriter) throws(TypeMismatch) {
    let made = try rw.insert(
      whole.definition(of: op), whole.operands(of: op).map { $0.flatMap { renamed[$0] } },
      location: whole.location(of: op))
    for (before, after) in zip(whole.results(of: op), made) {
      rw.setName(of: after, to: whole.name(of: before))
      rw.setStatistics(of: after, to: whole.statistics(of: before))
      renamed[before] = after
    }
  }

  private mutating func addOutputs(_ kept: [OpID], _ rw: inout Rewriter) {
    for port in wholeOutputs { addOutput(port.value, port.name, &rw) }
    for op in kept {
      for result in whole.results(of: op) where !whole.isOutput(result) {
        let isReadElsewhere = whole.uses(of: result).contains { !isKept[$0.user] }
        if isReadElsewhere { addOutput(result, whole.name(of: result), &rw) }
      }
    }
  }

  private mutating func addOutput(_ value: ValueID, _ name: String, _ rw: inout Rewriter) {
    guard let new = renamed[value], whole.producer(of: value) == nil || isMadeHere(value) else {
      return
    }
    rw.addOutput(name: outputNames.claim(name), value: new)
    outputs.append(value)
  }
}

/// Names of ports, made unique.
private struct PortNames {
  private var taken: Set<String> = []
  private var count = 0

  /// The name itself if it is free, else with a number behind it; `v` and a number in place of no
  /// name.
  mutating func claim(_ wish: String) -> String {
    var name = wish
    while name.isEmpty || !taken.insert(name).inserted {
      name = (wish.isEmpty ? "v" : wish + "_") + String(count)
      count += 1
    }
    return name
  }
}

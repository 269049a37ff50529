// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// Looks for what must not be in a graph.
struct GraphVerifier {
  private let graph: Graph
  private(set) var found: [GraphViolation] = []
  /// The ops that the walk in order has come by.
  private var isBehind = SideTable<OpRecord, Bool>(default: false)

  init(_ graph: Graph) { self.graph = graph }

  mutating func run() {
    checkOrder()
    checkValues()
    checkPorts()
  }

  private mutating func report(_ place: GraphViolation.Place, _ message: String) {
    found.append(GraphViolation(place: place, message: message))
  }

  // MARK: Ops

  private mutating func checkOrder() {
    var previous: OpID?
    var next = graph.body.first
    var count = 0
    while let op = next {
      guard graph.ops.contains(op) else {
        report(.graph, "the order of the ops names \(op), which was erased")
        break
      }
      guard !isBehind[op] else {
        report(.op(op), "the op stands twice in the order of the ops")
        break
      }
      if graph.ops[op].previous != previous {
        report(.op(op), "the links of the order do not agree with those of the op before")
      }
      checkOp(op)
      isBehind[op] = true
      count += 1
      previous = op
      next = graph.ops[op].next
    }
    if next == nil, graph.body.last != previous {
      report(.graph, "the last op of the order is not the one that is noted")
    }
    if count != graph.opCount { report(.graph, "\(graph.opCount) ops are noted, \(count) are there") }
    for op in graph.ops.ids where !isBehind[op] {
      report(.op(op), "the op is not in the order of the ops")
    }
  }

  private mutating func checkOp(_ op: OpID) {
    let record = graph.ops[op]
    var slots: [TensorType?] = []
    for (slot, use) in record.operands.enumerated() {
      guard graph.uses.contains(use), graph.uses[use].user == op, graph.uses[use].slot == slot
      else {
        report(.op(op), "operand \(slot) is noted as another op's")
        return
      }
      guard let value = graph.uses[use].value else {
        slots.append(nil)
        continue
      }
      guard graph.values.contains(value) else {
        report(.op(op), "operand \(slot) is \(value), which was erased")
        return
      }
      if case .result(let producer, _) = graph.values[value].source, !isBehind[producer] {
        report(.op(op), "operand \(slot) is used before it is defined")
      }
      slots.append(graph.values[value].type)
    }
    for (position, result) in record.results.enumerated() {
      guard graph.values.contains(result), graph.values[result].source == .result(op, position)
      else {
        report(.op(op), "result \(position) is noted as another op's")
        return
      }
    }
    do throws(TypeMismatch) {
      let types = try record.definition.resultTypes(ofSlots: slots)
      let noted = record.results.map { graph.values[$0].type }
      if types != noted {
        let (a, b) = (noted.map(\.description), types.map(\.description))
        report(
          .op(op),
          "the results are noted as \(a.joined(separator: ", ")), but the op makes "
            + b.joined(separator: ", "))
      }
    } catch {
      report(.op(op), error.description)
    }
  }

  // MARK: Values

  private mutating func checkValues() {
    var reached = 0
    var outputCounts = SideTable<ValueRecord, Int>(default: 0)
    for port in graph.outputs {
      if graph.values.contains(port.value) {
        outputCounts[port.value] += 1
      } else {
        report(.graph, "the output '\(port.name)' is \(port.value), which was erased")
      }
    }
    for value in graph.values.ids {
      let record = graph.values[value]
      checkSource(value, record)
      if record.outputCount != outputCounts[value] {
        report(
          .value(value),
          "\(record.outputCount) outputs are noted to read it, \(outputCounts[value]) do")
      }
      if let statistics = record.statistics { checkStatistics(value, record.type, statistics) }
      reached += checkUses(value, record)
    }
    let connected = graph.uses.ids.count { graph.uses[$0].value != nil }
    if connected != reached {
      report(.graph, "\(connected) operands are connected, \(reached) are in the lists of uses")
    }
  }

  private mutating func checkSource(_ value: ValueID, _ record: ValueRecord) {
    if record.source != .constant, record.constant != nil {
      report(.value(value), "it is no constant but has a constant's content")
    }
    switch record.source {
    case .result(let op, let position):
      let isThere = graph.ops.contains(op) && position < graph.ops[op].results.count
        && graph.ops[op].results[position] == value
      if !isThere { report(.value(value), "the op that makes it does not have it as a result") }
    case .input(let position):
      let isThere = graph.inputs.indices.contains(position)
        && graph.inputs[position].value == value
      if !isThere { report(.value(value), "there is no input port for it") }
    case .constant:
      guard let tensor = record.constant?.tensor else {
        return report(.value(value), "the constant has no content")
      }
      if tensor.type != record.type || tensor.bytes.count != record.type.byteCount {
        report(.value(value), "the content is \(tensor.type), the constant \(record.type)")
      }
    }
  }

  private mutating func checkStatistics(
    _ value: ValueID, _ type: TensorType, _ statistics: ChannelStatistics
  ) {
    guard type.shape.rank >= 2 else {
      return report(.value(value), "statistics are given for \(type), which has no channels")
    }
    let channels = type.shape[1]
    if statistics.mean.count != channels || statistics.deviation.count != channels {
      report(
        .value(value),
        "statistics are given for \(statistics.mean.count) means and "
          + "\(statistics.deviation.count) deviations of \(channels) channels")
    }
    if !statistics.deviation.allSatisfy({ $0 >= 0 }) {
      report(.value(value), "a deviation is negative or not a number")
    }
  }

  /// Walks a value's list of uses and returns how many there are.
  private mutating func checkUses(_ value: ValueID, _ record: ValueRecord) -> Int {
    var count = 0
    var previous: UseID?
    var next = record.firstUse
    while let use = next {
      guard graph.uses.contains(use), graph.uses[use].value == value,
        graph.uses[use].previous == previous, count < graph.uses.capacity
      else {
        report(.value(value), "the list of uses is broken")
        return count
      }
      let entry = graph.uses[use]
      let isThere = graph.ops.contains(entry.user)
        && entry.slot < graph.ops[entry.user].operands.count
        && graph.ops[entry.user].operands[entry.slot] == use
      if !isThere { report(.value(value), "the list of uses names an op that does not use it") }
      count += 1
      previous = use
      next = entry.next
    }
    return count
  }

  // MARK: Ports

  private mutating func checkPorts() {
    var outputs: [String: ValueID] = [:]
    for port in graph.outputs where outputs.updateValue(port.value, forKey: port.name) != nil {
      report(.graph, "there are two outputs '\(port.name)'")
    }
    var names: Set<String> = []
    for (position, port) in graph.inputs.enumerated() {
      guard graph.values.contains(port.value), graph.source(of: port.value) == .input(position)
      else {
        report(.graph, "the input '\(port.name)' has no value")
        continue
      }
      if !names.insert(port.name).inserted {
        report(.value(port.value), "there are two inputs '\(port.name)'")
      }
      guard case .state(let initial) = port.role else { continue }
      let type = graph.type(of: port.value)
      if initial.type != type {
        report(.value(port.value), "the state is \(type), its initial value \(initial.type)")
      }
      if let next = outputs[port.name], graph.values.contains(next) {
        if graph.type(of: next) != type {
          report(
            .value(port.value), "the state is \(type), its next value \(graph.type(of: next))")
        }
      } else {
        report(.value(port.value), "the state '\(port.name)' has no output of the same name")
      }
    }
  }
}

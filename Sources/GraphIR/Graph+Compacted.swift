// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

extension Graph {
  /// The same graph without what erased ops, unread constants and old handles leave behind: handles are numbered anew in order, so those
  /// of this graph do not fit it.
  public func compacted() -> Graph {
    var copy = Graph(name: name)
    var renamed = SideTable<ValueRecord, ValueID?>(default: nil)
    func keep(_ old: ValueID, as new: ValueID) {
      copy.values[new].name = values[old].name
      copy.values[new].statistics = values[old].statistics
      renamed[old] = new
    }
    for port in inputs {
      keep(port.value, as: copy.appendInput(name: port.name, type: type(of: port.value), role: port.role))
    }
    for value in constantIDs {
      guard let constant = constant(value) else { continue }
      keep(value, as: copy.internConstant(constant.tensor, name: constant.name))
    }
    for op in opIDs {
      let operands = operands(of: op).map { $0.flatMap { renamed[$0] } }
      let old = results(of: op)
      let new = copy.insert(
        definition(of: op), operands: operands, resultTypes: old.map { type(of: $0) },
        location: location(of: op), before: nil)
      for (before, after) in zip(old, copy.results(of: new)) { keep(before, as: after) }
    }
    for port in outputs {
      guard let value = renamed[port.value] else { unreachable("outputs read values of the graph") }
      copy.appendOutput(name: port.name, value: value)
    }
    return copy
  }

  /// One line for people: how many ops of which kinds, the most frequent first, and what the constants hold.
  public var summary: String {
    var counts: [String: Int] = [:]
    for op in opIDs { counts[Swift.type(of: definition(of: op)).name, default: 0] += 1 }
    let kinds = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    let constants = constantIDs.compactMap { tensor($0) }
    let elements = constants.reduce(0) { $0 + $1.count }
    let bytes = constants.reduce(0) { $0 + $1.bytes.count }
    return "\(name): \(opCount) ops\(kinds.isEmpty ? "" : " (\(kinds))"), \(constants.count) constants "
      + "(\(NumberText.grouped(elements)) elements, \(NumberText.bytes(bytes)))"
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// What changed between two graphs, by op and location. The order of ops and the names of tensors
/// do not count.
struct GraphDifference {
  /// One thing that is not what it was; nil where it was not, or is not any more.
  struct Detail {
    /// What: an attribute, an operand, `result`, `location`, a port.
    let subject: String
    let before: String?
    let after: String?
    /// How far two constants of one type are apart.
    var gap: ConstantGap?
  }

  /// How far a constant is from what it was.
  struct ConstantGap {
    let elements: Int
    let differing: Int
    let largest: Double
  }

  /// An op that was removed, added or changed.
  struct OpChange {
    enum Kind: String { case removed, added, changed }
    let kind: Kind
    /// The mnemonic.
    let op: String
    /// What it makes (or made), with types.
    let results: String
    let details: [Detail]
  }

  /// The changes of the ops of one location.
  struct Layer {
    let location: Location
    var changes: [OpChange]
  }

  let oldOpCount: Int
  let newOpCount: Int
  private(set) var ports: [Detail] = []
  private(set) var layers: [Layer] = []

  /// Whether nothing changed.
  var isEmpty: Bool { ports.isEmpty && layers.isEmpty }

  /// The number of ops of a kind of change.
  func count(_ kind: OpChange.Kind) -> Int {
    layers.reduce(0) { $0 + $1.changes.count { $0.kind == kind } }
  }

  /// Compares two graphs.
  init(_ old: Graph, _ new: Graph) {
    let matching = GraphMatching(old, new)
    oldOpCount = old.opCount
    newOpCount = new.opCount
    comparePorts(matching)
    // Locations in the order of the old graph; those that only the new one has behind the one in
    // front of them there.
    var order: [Location] = []
    var changes: [Location: [OpChange]] = [:]
    var behind: [Location?: [Location]] = [:]
    for op in old.opIDs {
      let location = old.location(of: op)
      if changes.updateValue(changes[location] ?? [], forKey: location) == nil {
        order.append(location)
      }
      if let after = matching.new(of: op) {
        let details = Self.details(op, after, matching)
        if !details.isEmpty {
          changes[location]?.append(Self.change(.changed, after, new, details))
        }
      } else {
        changes[location]?.append(Self.change(.removed, op, old, []))
      }
    }
    var last: Location?
    for op in new.opIDs {
      guard matching.old(of: op) == nil else {
        last = matching.old(of: op).map { old.location(of: $0) }
        continue
      }
      let location = new.location(of: op)
      if changes.updateValue(changes[location] ?? [], forKey: location) == nil {
        behind[last, default: []].append(location)
      }
      changes[location]?.append(Self.change(.added, op, new, Self.description(op, new)))
      last = location
    }
    // Depth first without recursion.
    var open = order.reversed() + (behind[nil] ?? []).reversed()
    while let location = open.popLast() {
      if let found = changes[location], !found.isEmpty {
        layers.append(Layer(location: location, changes: found))
      }
      open += (behind[location] ?? []).reversed()
    }
  }

  private static func change(
    _ kind: OpChange.Kind, _ op: OpID, _ graph: Graph, _ details: [Detail]
  ) -> OpChange {
    let results = graph.results(of: op).map { value in
      let name = graph.name(of: value)
      return (name.isEmpty ? "" : "'\(name)' ") + graph.type(of: value).description
    }
    return OpChange(
      kind: kind, op: OpText.kind(op, in: graph), results: results.joined(separator: ", "),
      details: details)
  }

  /// What a new op reads and its attributes other than the defaults.
  private static func description(_ op: OpID, _ graph: Graph) -> [Detail] {
    let definition = graph.definition(of: op)
    var found: [Detail] = []
    for (slot, operand) in graph.operands(of: op).enumerated() {
      guard let operand else { continue }
      found.append(
        Detail(
          subject: OpText.operand(slot, of: definition), before: nil,
          after: OpText.value(operand, in: graph)))
    }
    let defaults = OpText.attributes(of: type(of: definition).init())
    for (attribute, usual) in zip(OpText.attributes(of: definition), defaults)
    where attribute.text != usual.text {
      found.append(Detail(subject: attribute.name, before: nil, after: attribute.text))
    }
    return found
  }

  /// What differs between two matched ops.
  static func details(
    _ before: OpID, _ after: OpID, _ matching: GraphMatching
  ) -> [Detail] {
    let (old, new) = (matching.old, matching.new)
    let definition = new.definition(of: after)
    var found: [Detail] = []
    func add(_ subject: String, _ a: String, _ b: String) {
      if a != b { found.append(Detail(subject: subject, before: a, after: b)) }
    }
    for (a, b) in zip(
      OpText.attributes(of: old.definition(of: before)), OpText.attributes(of: definition))
    {
      add(b.name, a.text, b.text)
    }
    let (a, b) = (old.operands(of: before), new.operands(of: after))
    for slot in 0..<max(a.count, b.count) {
      let (x, y) = (slot < a.count ? a[slot] : nil, slot < b.count ? b[slot] : nil)
      if let x, let y, matching.isSame(x, y) || Self.isHandedOn(x, y, old, new) { continue }
      guard x != nil || y != nil else { continue }
      found.append(
        Detail(
          subject: OpText.operand(slot, of: definition),
          before: x.map { OpText.value($0, in: old) },
          after: y.map { OpText.value($0, in: new) }, gap: gap(x, y, old, new)))
    }
    let (r, s) = (old.results(of: before), new.results(of: after))
    for (i, (x, y)) in zip(r, s).enumerated() {
      let subject = r.count > 1 ? "result \(i)" : "result"
      add(subject, old.type(of: x).description, new.type(of: y).description)
      if old.statistics(of: x) != new.statistics(of: y) {
        let (p, q) = (old.statistics(of: x), new.statistics(of: y))
        found.append(
          Detail(
            subject: "statistics of the \(subject)", before: p.map { "\($0.mean.count) channels" },
            after: q.map { "\($0.mean.count) channels\(p == nil ? "" : ", other numbers")" }))
      }
    }
    add("location", OpText.layers(old.location(of: before)), OpText.layers(new.location(of: after)))
    return found
  }

  /// Whether a tensor has kept its name and type and only is made by another op, which has changes
  /// of its own.
  private static func isHandedOn(
    _ before: ValueID, _ after: ValueID, _ old: Graph, _ new: Graph
  ) -> Bool {
    old.producer(of: before) != nil && new.producer(of: after) != nil
      && !old.name(of: before).isEmpty
      && old.name(of: before) == new.name(of: after) && old.type(of: before) == new.type(of: after)
  }

  private static func gap(
    _ before: ValueID?, _ after: ValueID?, _ old: Graph, _ new: Graph
  ) -> ConstantGap? {
    guard let x = before.flatMap({ old.tensor($0) }), let y = after.flatMap({ new.tensor($0) }),
      x.type == y.type
    else { return nil }
    let gap = TensorGap(expected: x, found: y)
    let differing = zip(x.doubles(), y.doubles()).count { $0 != $1 && !($0.isNaN && $1.isNaN) }
    return ConstantGap(elements: x.count, differing: differing, largest: gap.absolute)
  }

  // MARK: Ports

  private mutating func comparePorts(_ matching: GraphMatching) {
    let (old, new) = (matching.old, matching.new)
    compare(
      "input", old.inputs.map { ($0.name, Self.text($0, old)) },
      new.inputs.map { ($0.name, Self.text($0, new)) })
    compare(
      "output", old.outputs.map { ($0.name, old.type(of: $0.value).description) },
      new.outputs.map { ($0.name, new.type(of: $0.value).description) })
    let known = Dictionary(old.outputs.map { ($0.name, $0.value) }, uniquingKeysWith: { a, _ in a })
    for port in new.outputs {
      guard let value = known[port.name], !matching.isSame(value, port.value) else { continue }
      let (before, after) = (OpText.value(value, in: old), OpText.value(port.value, in: new))
      ports.append(
        Detail(
          subject: "output '\(port.name)' is", before: before,
          after: before == after ? "\(after), made otherwise" : after,
          gap: Self.gap(value, port.value, old, new)))
    }
  }

  private static func text(_ port: InputPort, _ graph: Graph) -> String {
    let type = graph.type(of: port.value).description
    switch port.role {
    case .input: return type
    case .parameter: return "parameter \(type)"
    case .state: return "state \(type)"
    }
  }

  private mutating func compare(
    _ what: String, _ before: [(name: String, text: String)],
    _ after: [(name: String, text: String)]
  ) {
    let old = Dictionary(before, uniquingKeysWith: { a, _ in a })
    let new = Dictionary(after, uniquingKeysWith: { a, _ in a })
    for (name, text) in before where new[name] != text {
      ports.append(Detail(subject: "\(what) '\(name)'", before: text, after: new[name]))
    }
    for (name, text) in after where old[name] == nil {
      ports.append(Detail(subject: "\(what) '\(name)'", before: nil, after: text))
    }
    let (a, b) = (before.map(\.name), after.map(\.name))
    if a != b, a.sorted() == b.sorted() {
      ports.append(
        Detail(
          subject: "order of the \(what)s", before: a.joined(separator: ", "),
          after: b.joined(separator: ", ")))
    }
  }
}

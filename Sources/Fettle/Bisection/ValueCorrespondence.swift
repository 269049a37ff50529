// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Which value of a graph before a pass has to be the same as a value of the graph behind it, by
/// ops and locations.
///
/// An op that kept its location makes what it made before. An op whose location was derived from
/// several layers (a convolution that took a batch normalisation in) makes what came out of all
/// those layers together.
struct ValueCorrespondence {
  /// What a value is to be compared with.
  enum Counterpart {
    case value(ValueID)
    /// Nothing, and why.
    case none(String)
  }

  let matching: GraphMatching
  private var before: Graph { matching.old }
  private var after: Graph { matching.new }
  private var beforeByLayer: [String: [OpID]] = [:]
  private var afterByLocation: [Location: [OpID]] = [:]
  private var position = SideTable<OpRecord, Int>(default: 0)
  /// By location: the values that go out of its ops, before and after.
  private var exits: [Location: (before: [ValueID], after: [ValueID])] = [:]

  init(before: Graph, after: Graph) {
    matching = GraphMatching(before, after)
    for (i, op) in before.opIDs.enumerated() {
      position[op] = i
      for layer in before.location(of: op).layers { beforeByLayer[layer, default: []].append(op) }
    }
    for op in after.opIDs { afterByLocation[after.location(of: op), default: []].append(op) }
  }

  /// The counterpart of a result of an op of the graph behind the pass.
  mutating func counterpart(of result: Int, _ op: OpID) -> Counterpart {
    let location = after.location(of: op)
    let value = after.results(of: op)[result]
    let found: ValueID
    if let old = matching.old(of: op), Set(before.location(of: old).layers) == Set(location.layers),
      result < before.results(of: old).count
    {
      found = before.results(of: old)[result]
    } else if location.layers.isEmpty {
      return .none("the op has no location")
    } else {
      let exits = exits(of: location)
      guard let place = exits.after.firstIndex(of: value) else {
        return .none("it stays inside of what was made of \(OpText.layers(location))")
      }
      let name = after.name(of: value)
      if let named = exits.before.first(where: { !name.isEmpty && before.name(of: $0) == name }) {
        found = named
      } else if exits.before.count == exits.after.count {
        found = exits.before[place]
      } else if let last = exits.before.last, place == exits.after.count - 1 {
        found = last
      } else {
        return .none("nothing before the pass has its location")
      }
    }
    guard before.type(of: found) == after.type(of: value) else {
      return .none("it was \(before.type(of: found)) and is \(after.type(of: value))")
    }
    return .value(found)
  }

  /// The ops before the pass that an op behind it was made of.
  mutating func origins(of op: OpID) -> [OpID] {
    let derived = beforeOps(of: after.location(of: op))
    guard let old = matching.old(of: op), !derived.contains(old) else { return derived }
    return derived + [old]
  }

  /// The ops whose layers all are among those of a location, in order.
  private func beforeOps(of location: Location) -> [OpID] {
    let layers = Set(location.layers)
    var seen: Set<OpID> = []
    let all = location.layers.flatMap { beforeByLayer[$0] ?? [] }.filter { op in
      before.location(of: op).layers.allSatisfy { layers.contains($0) } && seen.insert(op).inserted
    }
    return all.sorted { position[$0] < position[$1] }
  }

  private mutating func exits(of location: Location) -> (before: [ValueID], after: [ValueID]) {
    if let known = exits[location] { return known }
    let made = (
      Self.exits(of: beforeOps(of: location), in: before),
      Self.exits(of: afterByLocation[location] ?? [], in: after)
    )
    exits[location] = made
    return made
  }

  private static func exits(of ops: [OpID], in graph: Graph) -> [ValueID] {
    let inside = Set(ops)
    return ops.flatMap { graph.results(of: $0) }.filter { value in
      graph.isOutput(value) || graph.uses(of: value).contains { !inside.contains($0.user) }
    }
  }
}

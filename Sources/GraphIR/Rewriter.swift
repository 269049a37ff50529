// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Why a rewrite does not apply, in words that `--trace-rewrites` prints.
public struct Declined: Error, Sendable, CustomStringConvertible {
  public let description: String

  /// A reason that reads as a sentence without a full stop.
  public init(_ reason: String) { description = reason }
}

/// The only way to change a graph. It keeps use lists, order and types consistent, hands locations on, and tells
/// which ops were touched, so that a driver can look at them again.
///
///     try graph.rewrite { rw in
///       let y = try rw.insert(Unary(function: .relu), [x], location: l)[0]
///       rw.replaceAllUses(of: x2, with: y)
///     }
public struct Rewriter: ~Copyable {
  /// The graph as it is now.
  public private(set) var graph: Graph
  /// Where `insert` puts ops: in front of this op, or at the end.
  public var insertionPoint: OpID?
  /// Ops that were made, or whose operands or users changed, since the list was last taken.
  private var touched: [OpID] = []

  /// A rewriter that takes the graph over until `finish`.
  public init(_ graph: consuming Graph) { self.graph = graph }

  /// The changed graph.
  public consuming func finish() -> Graph { graph }

  /// The ops touched since the last call, each possibly several times; some may be erased.
  public mutating func takeTouched() -> [OpID] {
    defer { touched.removeAll(keepingCapacity: true) }
    return touched
  }

  // MARK: Ports

  /// Adds an input port.
  public mutating func addInput(
    name: String, type: TensorType, role: PortRole = .input
  ) -> ValueID {
    graph.appendInput(name: name, type: type, role: role)
  }

  /// Adds an output port.
  public mutating func addOutput(name: String, value: ValueID) {
    graph.appendOutput(name: name, value: value)
  }

  /// Makes an output port read another value.
  public mutating func setOutput(_ position: Int, to value: ValueID) {
    graph.setOutput(position, to: value)
  }

  /// Gives an input port another type. Returns the new value of the port and the old one, which nothing makes any more: everything
  /// that reads it must be led elsewhere by `replaceAllUses`.
  public mutating func replaceInput(
    _ position: Int, type: TensorType
  ) -> (new: ValueID, old: ValueID) {
    graph.replaceInput(position, type: type)
  }

  // MARK: Ops and constants

  /// The value of a constant with this content; `name` is a wish.
  public mutating func addConstant(_ tensor: Tensor, name: String = "") -> ValueID {
    graph.internConstant(tensor, name: name)
  }

  /// Adds an op at the insertion point and returns its results. Trailing absent operands may be left out.
  ///
  /// - Throws: `TypeMismatch` if operands or attributes do not fit; the graph is unchanged then.
  public mutating func insert(
    _ definition: any OpDefinition, _ operands: [ValueID?], location: Location
  ) throws(TypeMismatch) -> [ValueID] {
    var operands = operands
    while case .some(.none) = operands.last { operands.removeLast() }
    let types = try definition.resultTypes(
      ofSlots: operands.map { $0.map { graph.type(of: $0) } })
    let op = graph.insert(
      definition, operands: operands, resultTypes: types, location: location,
      before: insertionPoint)
    touch(op)
    return graph.results(of: op)
  }

  /// Replaces an op by another with as many results of the same types at the same place, and returns the new
  /// results. Names and statistics of the results are handed on.
  ///
  /// - Throws: `TypeMismatch` if the new op's operands do not fit, or a result type differs.
  @discardableResult
  public mutating func replace(
    _ op: OpID, with definition: any OpDefinition, _ operands: [ValueID?],
    location: Location? = nil
  ) throws(TypeMismatch) -> [ValueID] {
    let old = graph.results(of: op)
    var saved = insertionPoint
    insertionPoint = op
    defer { insertionPoint = saved }
    let new = try insert(
      definition, operands, location: location ?? graph.location(of: op))
    let sameTypes = new.count == old.count
      && zip(old, new).allSatisfy { graph.type(of: $0) == graph.type(of: $1) }
    guard sameTypes else {
      if let made = new.first.flatMap({ graph.producer(of: $0) }) { erase(made) }
      throw TypeMismatch("the replacement's result types differ")
    }
    for (before, after) in zip(old, new) { replaceAllUses(of: before, with: after) }
    if saved == op { saved = graph.op(after: op) }
    erase(op)
    return new
  }

  /// Makes everything that reads `old` read `new` instead, output ports included. The types must agree. A
  /// value without a name or statistics takes those of the old one.
  public mutating func replaceAllUses(of old: ValueID, with new: ValueID) {
    guard old != new else { return }
    precondition(graph.type(of: old) == graph.type(of: new), "uses keep their type")
    for use in graph.uses(of: old) {
      graph.setOperand(of: use.user, slot: use.slot, to: new)
      touch(use.user)
    }
    for (position, port) in graph.outputs.enumerated() where port.value == old {
      graph.setOutput(position, to: new)
    }
    if graph.constant(new) == nil {
      if graph.name(of: new).isEmpty { setName(of: new, to: graph.name(of: old)) }
      if graph.statistics(of: new) == nil {
        setStatistics(of: new, to: graph.statistics(of: old))
      }
    }
    if let producer = graph.producer(of: old) { touch(producer) }
  }

  /// Changes one operand. The value must have the type of the present one unless `retype` follows.
  public mutating func setOperand(of op: OpID, slot: Int, to value: ValueID?) {
    if let old = graph.operands(of: op)[slot], let producer = graph.producer(of: old) {
      touch(producer)
    }
    graph.setOperand(of: op, slot: slot, to: value)
    touch(op)
  }

  /// Removes an op whose results nobody reads. An insertion point in front of it moves behind it.
  public mutating func erase(_ op: OpID) {
    if insertionPoint == op { insertionPoint = graph.op(after: op) }
    for operand in graph.operands(of: op) {
      if let operand, let producer = graph.producer(of: operand) { touch(producer) }
    }
    graph.remove(op)
  }

  /// Moves an op in front of another, or to the end.
  public mutating func move(_ op: OpID, before successor: OpID?) {
    graph.move(op, before: successor)
  }

  // MARK: Beside the data flow

  /// Names the tensor of a value.
  public mutating func setName(of value: ValueID, to name: String) {
    graph.revision += 1
    graph.values[value].name = name
  }

  /// Notes, or drops, what is known of a value's channels.
  public mutating func setStatistics(of value: ValueID, to statistics: ChannelStatistics?) {
    graph.revision += 1
    graph.values[value].statistics = statistics
  }

  /// Sets where an op comes from.
  public mutating func setLocation(of op: OpID, to location: Location) {
    graph.revision += 1
    graph.ops[op].location = location
  }

  private mutating func touch(_ op: OpID) { touched.append(op) }
}

extension Graph {
  /// Changes the graph by a rewriter. The graph is moved into it and back, not copied.
  public mutating func rewrite<R, E: Error>(
    _ body: (inout Rewriter) throws(E) -> R
  ) throws(E) -> R {
    var empty = Graph(name: name)
    swap(&self, &empty)
    var rewriter = Rewriter(empty)
    empty = Graph(name: "")
    do {
      let result = try body(&rewriter)
      self = rewriter.finish()
      return result
    } catch {
      self = rewriter.finish()
      throw error
    }
  }
}

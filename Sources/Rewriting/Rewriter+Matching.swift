// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

// The conditions of rewrites: each throws `Declined` with a reason that a trace prints.
extension Rewriter {
  /// Declines unless the condition holds.
  public func require(
    _ condition: Bool, _ reason: @autoclosure () -> String
  ) throws(Declined) {
    if !condition { throw Declined(reason()) }
  }

  /// The op of a kind whose result a value is.
  public func producer<Op: OpDefinition>(
    of value: ValueID, as kind: Op.Type
  ) throws(Declined) -> OpRef<Op> {
    guard let id = graph.producer(of: value), let op = graph.op(id, as: kind) else {
      throw Declined("\(Self.words(value, graph)) is not the result of \(kind.name)")
    }
    return op
  }

  /// An operand that is there.
  public func operand<Op: OpDefinition>(
    _ op: OpRef<Op>, _ name: Op.Operand
  ) throws(Declined) -> ValueID {
    guard let value = graph.operand(op, name) else {
      throw Declined("operand '\(name)' is absent")
    }
    return value
  }

  /// The tensor of a value that is a constant.
  public func constant(_ value: ValueID) throws(Declined) -> Tensor {
    guard let tensor = graph.tensor(value) else {
      throw Declined("\(Self.words(value, graph)) is not a constant")
    }
    return tensor
  }

  /// The tensor of an operand that is there and a constant.
  public func constant<Op: OpDefinition>(
    _ op: OpRef<Op>, _ name: Op.Operand
  ) throws(Declined) -> Tensor {
    guard let tensor = graph.tensor(try operand(op, name)) else {
      throw Declined("operand '\(name)' is not a constant")
    }
    return tensor
  }

  /// The tensor of an operand that is a constant, nil if the operand is absent.
  public func constantIfPresent<Op: OpDefinition>(
    _ op: OpRef<Op>, _ name: Op.Operand
  ) throws(Declined) -> Tensor? {
    guard graph.operand(op, name) != nil else { return nil }
    return try constant(op, name)
  }

  /// Declines if a value is read in more than one place.
  public func requireSingleUse(_ value: ValueID) throws(Declined) {
    if !graph.hasSingleUse(value) {
      throw Declined("\(Self.words(value, graph)) has other readers")
    }
  }

  /// Adds an op with one result at the insertion point and returns the result.
  public mutating func make(
    _ definition: any OpDefinition, _ operands: [ValueID?], location: Location
  ) throws(Declined) -> ValueID {
    do {
      return try insert(definition, operands, location: location)[0]
    } catch {
      throw Declined(error.description)
    }
  }

  /// Replaces an op by another of the same result types.
  public mutating func substitute(
    _ op: OpID, by definition: any OpDefinition, _ operands: [ValueID?],
    location: Location? = nil
  ) throws(Declined) {
    do {
      try replace(op, with: definition, operands, location: location)
    } catch {
      throw Declined(error.description)
    }
  }

  private static func words(_ value: ValueID, _ graph: Graph) -> String {
    let name = graph.name(of: value)
    return name.isEmpty ? "the operand" : "'\(name)'"
  }
}

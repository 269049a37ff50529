// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// Ops that only move elements, between a dequantize and a quantize of one grid: they move the
/// integers.
enum IntegerMovement {
  static func rewrite(_ op: OpRef<Quantize>, _ rw: inout Rewriter) throws(Declined) {
    let target = try ScaledIntegers(of: op, rw)
    try target.requireOneScale("the result", rw)
    let input = try rw.operand(op, .input)
    if let direct = try? ScaledIntegers(behind: input, rw) {
      try rw.require(direct.isSameGrid(as: target), "the grids differ")
      return rw.replaceAllUses(of: rw.graph.result(op), with: direct.value)
    }
    let bounds = try Bounds(above: input, rw)
    var value = bounds.value
    var made: (definition: any OpDefinition, operands: [ValueID?], id: OpID)?
    if (try? ScaledIntegers(behind: value, rw)) == nil {
      guard let producer = rw.graph.producer(of: value) else {
        throw Declined("no op makes the operand")
      }
      let definition = rw.graph.definition(of: producer)
      try rw.require(movesOnly(definition), "\(type(of: definition).name) computes")
      made = (definition, rw.graph.operands(of: producer), producer)
    }
    let sources = made.map { moved in
      moved.definition is Concat ? moved.operands : [moved.operands[0]]
    } ?? [value]
    var integers: [ValueID] = []
    for case let source? in sources {
      let scaled = try ScaledIntegers(behind: source, rw)
      try rw.require(scaled.isSameGrid(as: target), "the grids differ")
      integers.append(scaled.value)
    }
    try rw.require(integers.count == sources.count, "an operand is absent")
    var location = rw.graph.location(of: op.id)
    if let (definition, operands, id) = made {
      location = rw.graph.location(of: id).joined(with: location)
      value = try rw.make(
        definition, try movedOperands(definition, operands, integers, target, &rw),
        location: location)
    } else {
      value = integers[0]
    }
    for (function, integer) in bounds.integers(on: target) {
      let bound = rw.addConstant(Tensor(scalar: Double(integer), target.element))
      value = try rw.make(Binary(function), [value, bound], location: location)
    }
    rw.setName(of: value, to: rw.graph.name(of: rw.graph.result(op)))
    rw.replaceAllUses(of: rw.graph.result(op), with: value)
  }

  /// Whether an op's elements are those of its operands, or padding.
  private static func movesOnly(_ definition: any OpDefinition) -> Bool {
    switch definition {
    case is Reshape, is Transpose, is Slice, is Broadcast, is Concat, is Pad: true
    case let pool as Pool: pool.kind == .max
    case let reduce as Reduce: reduce.kind == .max || reduce.kind == .min
    case let resize as Resize: resize.mode == .nearest
    default: false
    }
  }

  /// The operands of the op on integers: padding is on the grid.
  private static func movedOperands(
    _ definition: any OpDefinition, _ operands: [ValueID?], _ integers: [ValueID],
    _ grid: ScaledIntegers, _ rw: inout Rewriter
  ) throws(Declined) -> [ValueID?] {
    guard let pad = definition as? Pad else {
      return definition is Concat ? integers : [integers[0]] + operands.dropFirst()
    }
    guard pad.mode == .constant else { return [integers[0]] }
    let padding = operands.count > 1 ? operands[1] : nil
    let x = try padding.map { (value) throws(Declined) in try rw.constant(value).doubles()[0] } ?? 0
    let q = grid.integer(of: x)
    try rw.require(
      Double(q - grid.zeroPoints[0]) * grid.scales[0] == x, "the padding is not on the grid")
    return [integers[0], rw.addConstant(Tensor(scalar: Double(q), grid.element))]
  }
}

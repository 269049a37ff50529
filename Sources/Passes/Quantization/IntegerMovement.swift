// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// Ops that only move elements, between a dequantize and a quantize: they move the integers, which are
/// brought to the grid of the result where theirs is another one.
enum IntegerMovement {
  static func rewrite(
    _ op: OpRef<Quantize>, _ form: RequantizeForm, _ rw: inout Rewriter
  ) throws(Declined) {
    let input = try rw.operand(op, .input)
    if let direct = try? ScaledIntegers(behind: input, rw) {
      let target = try ScaledIntegers(of: op, rw)
      if direct.isSameGrid(as: target) {
        return rw.replaceAllUses(of: rw.graph.result(op), with: direct.value)
      }
    }
    let target = try IntegerTarget(op, form, rw)
    if let integers = try? ScaledIntegers(behind: target.value, rw) {
      // Of a function of 8 bits another rewrite makes one table.
      try rw.require(
        integers.isSameGrid(as: target.grid) || integers.element.bitCount > 8, "the grids differ")
      let location = rw.graph.location(of: op.id)
      let value = try IntegerRescaling.rescaled(
        integers, to: target.grid, target.form, location, &rw)
      return try target.finish(value, location: location, &rw)
    }
    let producer = try target.producer(rw)
    let definition = rw.graph.definition(of: producer)
    try rw.require(movesOnly(definition), "\(type(of: definition).name) computes")
    let operands = rw.graph.operands(of: producer)
    let location = target.location(producer, rw)
    if definition is Concat {
      var integers: [ScaledIntegers] = []
      for operand in operands {
        guard let operand else { throw Declined("an operand is absent") }
        integers.append(try ScaledIntegers(behind: operand, rw))
        try integers[integers.count - 1].requireOneScale("an operand", rw)
      }
      var parts: [ValueID] = []
      for part in integers {
        parts.append(
          try IntegerRescaling.rescaled(part, to: target.grid, target.form, location, &rw))
      }
      let value = try rw.make(definition, parts, location: location)
      return try target.finish(value, location: location, &rw)
    }
    guard let source = operands[0] else { throw Declined("the operand is absent") }
    if try isWorthQuantizing(source, definition, rw) {
      let scale = rw.graph.operands(of: op.id).dropFirst()
      let quantized = try rw.make(op.attributes, [source] + scale, location: location)
      let moved = try rw.make(
        definition, [quantized] + operands.dropFirst(), location: location)
      return try target.finish(moved, location: location, &rw)
    }
    let integers = try ScaledIntegers(behind: source, rw)
    try integers.requireOneScale("the operand", rw)
    let moved = try rw.make(
      definition, try movedOperands(definition, operands, integers, &rw), location: location)
    let value = try IntegerRescaling.rescaled(
      integers.with(moved), to: target.grid, target.form, location, &rw)
    try target.finish(value, location: location, &rw)
  }

  /// Whether to quantize in front of an op that moves elements or keeps the largest, which gives the same:
  /// where integers can make what is quantized then.
  private static func isWorthQuantizing(
    _ source: ValueID, _ definition: any OpDefinition, _ rw: borrowing Rewriter
  ) throws(Declined) -> Bool {
    var (value, op, computed) = (source, definition, source)
    var producer: OpID?
    for _ in 0..<4 where producer == nil || movesOnly(op) {
      guard !(op is Pad), !(op is Concat), rw.graph.hasSingleUse(value),
        let above = try? Bounds(above: value, rw).value, let next = rw.graph.producer(of: above),
        let input = rw.graph.operands(of: next).first ?? nil
      else { return false }
      (computed, producer, op) = (above, next, rw.graph.definition(of: next))
      value = input
    }
    guard let producer else { return false }
    if op is Convolution || op is MatrixMultiply {
      return rw.graph.operands(of: producer).prefix(2).allSatisfy { operand in
        operand.map { (try? ScaledIntegers(behind: $0, rw)) != nil } ?? false
      }
    }
    return IntegerArithmetic.isArithmetic(op) && (try? LinearForm(computed, rw)) != nil
  }

  /// Whether an op's elements are those of its operands, or padding.
  static func movesOnly(_ definition: any OpDefinition) -> Bool {
    switch definition {
    case is Reshape, is Transpose, is Slice, is Broadcast, is Gather, is Concat, is Pad: true
    case let pool as Pool: pool.kind == .max
    case let reduce as Reduce: reduce.kind == .max || reduce.kind == .min
    case let resize as Resize:
      resize.mode == .nearest && resize.coordinates != .tfCropAndResize
    default: false
    }
  }

  /// The operands of the op on integers: padding is on their grid.
  private static func movedOperands(
    _ definition: any OpDefinition, _ operands: [ValueID?], _ grid: ScaledIntegers,
    _ rw: inout Rewriter
  ) throws(Declined) -> [ValueID?] {
    guard let pad = definition as? Pad else { return [grid.value] + operands.dropFirst() }
    guard pad.mode == .constant else { return [grid.value] }
    let padding = operands.count > 1 ? operands[1] : nil
    let x = try padding.map { (value) throws(Declined) in try rw.constant(value).doubles()[0] } ?? 0
    let q = grid.integer(of: x)
    try rw.require(
      Double(q - grid.zeroPoints[0]) * grid.scales[0] == x, "the padding is not on the grid")
    return [grid.value, rw.addConstant(Tensor(scalar: Double(q), grid.element))]
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting

/// An op that moves elements (or keeps the largest of some) moves integers in front of their dequantize, so that the reader behind it
/// finds that.
///
///     %d = dequantize %x, @s, @z          %t = transpose %x
///     %t = transpose %d              →    %d = dequantize %t, @s, @z
enum DequantizedMovement {
  static let rewrites = [
    movement(Transpose.self), movement(Reshape.self), movement(Slice.self), movement(Gather.self),
    movement(Pool.self), movement(Resize.self),
  ]

  private static func movement<Op: OpDefinition>(_ kind: Op.Type) -> Rewrite {
    Rewrite("dequantized-movement") { (op: OpRef<Op>, rw) throws(Declined) in
      try rw.require(IntegerMovement.movesOnly(op.attributes), "the op computes")
      try swap(op.id, op.attributes, &rw)
    }
  }

  private static func swap(
    _ op: OpID, _ movement: any OpDefinition, _ rw: inout Rewriter
  ) throws(Declined) {
    let operands = rw.graph.operands(of: op)
    guard let input = operands[0] else { throw Declined("the operand is absent") }
    let source = try rw.producer(of: input, as: Dequantize.self)
    let integers = try ScaledIntegers(behind: input, rw)
    try integers.requireOneScale("the operand", rw)
    let location = rw.graph.location(of: source.id).joined(with: rw.graph.location(of: op))
    let scales = rw.graph.operands(of: source.id).dropFirst()
    let moved = try rw.make(
      movement, [integers.value] + operands.dropFirst(), location: rw.graph.location(of: op))
    try rw.substitute(op, by: source.attributes, [moved] + scales, location: location)
  }
}

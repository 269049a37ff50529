// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Transposes are moved behind the ops that read them, toward the outputs, until they meet their
/// inverse:
///
///     %t = transpose %x                      %r = unary %x
///     %y = unary %t                    →     %y = transpose %r
///
/// They only ever move one way, so this comes to an end. What it is for: models from frameworks
/// that keep channels last arrive with a pair of transposes around each convolution.
enum TransposeSinking {
  static let all = [
    Rewrite("sink-transpose", unary), Rewrite("sink-transpose", cast),
    Rewrite("sink-transpose", quantize), Rewrite("sink-transpose", dequantize),
    Rewrite("sink-transpose", requantize), Rewrite("sink-transpose", binary),
    Rewrite("sink-transpose", select), Rewrite("sink-transpose", concat),
    Rewrite("sink-transpose", pad), Rewrite("sink-transpose", slice),
    Rewrite("sink-transpose", reduce), Rewrite("sink-transpose", softmax),
    Rewrite("sink-transpose", normalize), Rewrite("sink-transpose", resize),
    Rewrite("sink-transpose", batchNorm),
  ]

  private static func unary(_ op: OpRef<Unary>, _ rw: inout Rewriter) throws(Declined) {
    try sink(op, try source(op, .input, rw), op.attributes, &rw)
  }

  private static func cast(_ op: OpRef<Cast>, _ rw: inout Rewriter) throws(Declined) {
    try sink(op, try source(op, .input, rw), op.attributes, &rw)
  }

  private static func quantize(_ op: OpRef<Quantize>, _ rw: inout Rewriter) throws(Declined) {
    let from = try source(op, .input, rw)
    try rw.require(op.block == 0, "the scale is blocked")
    var definition = op.attributes
    definition.axis = from.axis(op.axis)
    try sink(op, from, definition, &rw)
  }

  private static func dequantize(_ op: OpRef<Dequantize>, _ rw: inout Rewriter) throws(Declined) {
    let from = try source(op, .input, rw)
    try rw.require(op.block == 0, "the scale is blocked")
    // Integers are fewer bytes to move, and an inverse to meet comes only in front of an op.
    try rw.require(
      !rw.graph.uses(of: rw.graph.result(op)).isEmpty, "no op reads the floats")
    var definition = op.attributes
    definition.axis = from.axis(op.axis)
    try sink(op, from, definition, &rw)
  }

  private static func requantize(_ op: OpRef<Requantize>, _ rw: inout Rewriter) throws(Declined) {
    let from = try source(op, .input, rw)
    var definition = op.attributes
    definition.axis = from.axis(op.axis)
    try sink(op, from, definition, &rw)
  }

  private static func pad(_ op: OpRef<Pad>, _ rw: inout Rewriter) throws(Declined) {
    let from = try source(op, .input, rw)
    var definition = op.attributes
    definition.before = from.list(op.before)
    definition.after = from.list(op.after)
    try sink(op, from, definition, &rw)
  }

  private static func slice(_ op: OpRef<Slice>, _ rw: inout Rewriter) throws(Declined) {
    let from = try source(op, .input, rw)
    let steps = op.steps.isEmpty ? [] : from.list(op.steps)
    let definition = Slice(starts: from.list(op.starts), sizes: from.list(op.sizes), steps: steps)
    try sink(op, from, definition, &rw)
  }

  private static func softmax(_ op: OpRef<Softmax>, _ rw: inout Rewriter) throws(Declined) {
    let from = try source(op, .input, rw)
    let definition = Softmax(axis: from.axis(op.axis), logarithm: op.logarithm)
    try sink(op, from, definition, &rw)
  }

  private static func normalize(_ op: OpRef<Normalize>, _ rw: inout Rewriter) throws(Declined) {
    let from = try source(op, .input, rw)
    let definition = Normalize(axes: op.axes.map(from.axis).sorted(), epsilon: op.epsilon)
    try sink(op, from, definition, &rw)
  }

  private static func resize(_ op: OpRef<Resize>, _ rw: inout Rewriter) throws(Declined) {
    let from = try source(op, .input, rw)
    try rw.require(op.regionOfInterest.isEmpty, "the resize crops")
    var definition = op.attributes
    definition.sizes = from.list(op.sizes)
    definition.scales = from.list(op.scales)
    try sink(op, from, definition, &rw)
  }

  private static func batchNorm(_ op: OpRef<BatchNorm>, _ rw: inout Rewriter) throws(Declined) {
    let from = try source(op, .input, rw)
    try rw.require(from.axis(1) == 1, "the transpose moves the channels")
    try sink(op, from, op.attributes, &rw)
  }

  private static func reduce(_ op: OpRef<Reduce>, _ rw: inout Rewriter) throws(Declined) {
    let from = try source(op, .input, rw)
    var definition = op.attributes
    definition.axes = op.axes.map(from.axis).sorted()
    var permutation = from.permutation
    if !op.keepDimensions {
      let kept = permutation.indices.filter { !op.axes.contains($0) }.map(from.axis)
      let ordered = kept.sorted()
      permutation = kept.map { axis in ordered.firstIndex(of: axis) ?? axis }
    }
    try sink(op, from, definition, permutation: permutation, &rw)
  }

  private static func binary(_ op: OpRef<Binary>, _ rw: inout Rewriter) throws(Declined) {
    try sinkAll(op, &rw) { _ in op.attributes }
  }

  private static func select(_ op: OpRef<Select>, _ rw: inout Rewriter) throws(Declined) {
    try sinkAll(op, &rw) { _ in op.attributes }
  }

  private static func concat(_ op: OpRef<Concat>, _ rw: inout Rewriter) throws(Declined) {
    try sinkAll(op, &rw) { Concat(axis: $0.axis(op.axis)) }
  }

  /// The reads of a transpose in terms of what it reads.
  private struct Source {
    /// What the transpose reads.
    let value: ValueID
    let permutation: [Int]

    /// The axis in front of the transpose for one behind it; what is no axis stays.
    func axis(_ behind: Int) -> Int {
      permutation.indices.contains(behind) ? permutation[behind] : behind
    }

    /// A list with an entry for each axis, in the order in front of the transpose.
    func list<Element>(_ behind: [Element]) -> [Element] {
      inverse.map { behind[$0] }
    }

    /// The permutation from behind the transpose to in front of it.
    var inverse: [Int] {
      var inverse = permutation
      for (behind, front) in permutation.enumerated() { inverse[front] = behind }
      return inverse
    }
  }

  private static func source<Op: OpDefinition>(
    _ op: OpRef<Op>, _ operand: Op.Operand, _ rw: borrowing Rewriter
  ) throws(Declined) -> Source {
    let transpose = try rw.producer(of: try rw.operand(op, operand), as: Transpose.self)
    return Source(
      value: try rw.operand(transpose, .input), permutation: transpose.permutation)
  }

  /// Puts the op, changed for the order of axes in front of the transpose, before it; its first
  /// operand is what the transpose reads.
  private static func sink<Op: OpDefinition>(
    _ op: OpRef<Op>, _ from: Source, _ definition: Op, permutation: [Int]? = nil,
    _ rw: inout Rewriter
  ) throws(Declined) {
    var operands = rw.graph.operands(of: op.id)
    operands[0] = from.value
    let inner = try rw.make(definition, operands, location: rw.graph.location(of: op.id))
    try rw.substitute(op.id, by: Transpose(permutation ?? from.permutation), [inner])
  }

  /// The same for an op whose operands are all tensors of the result's axes: each must be
  /// transposed alike, or a constant, or hold one element.
  private static func sinkAll<Op: OpDefinition>(
    _ op: OpRef<Op>, _ rw: inout Rewriter, _ definition: (Source) -> Op
  ) throws(Declined) {
    let operands = rw.graph.operands(of: op.id).compactMap { $0 }
    let transposes = operands.map { try? rw.producer(of: $0, as: Transpose.self) }
    guard let transpose = transposes.compactMap({ $0 }).first else {
      throw Declined("no operand is transposed")
    }
    let from = Source(
      value: try rw.operand(transpose, .input), permutation: transpose.permutation)
    let rank = from.permutation.count
    let result = rw.graph.type(of: rw.graph.result(op)).shape
    try rw.require(result.rank == rank, "the result has another rank than the transpose")
    for (operand, other) in zip(operands, transposes) {
      let isAlike = other?.permutation == from.permutation
      let isOne = rw.graph.type(of: operand).shape.elementCount == 1
      try rw.require(
        isAlike || isOne || rw.graph.tensor(operand) != nil,
        "an operand is neither transposed alike nor a constant")
    }
    let location = rw.graph.location(of: op.id)
    var moved: [ValueID] = []
    for (operand, other) in zip(operands, transposes) {
      if let other, other.permutation == from.permutation {
        moved.append(try rw.operand(other, .input))
        continue
      }
      let shape = rw.graph.type(of: operand).shape
      var value = operand
      if shape.rank < rank {
        let extents = Array(repeating: 1, count: rank - shape.rank) + shape.extents
        value = try rw.make(Reshape(to: extents), [value], location: location)
      }
      // One element lies the same way in any order of axes; a transpose of it would be sunk again.
      let isOne = shape.elementCount == 1
      moved.append(
        isOne ? value : try rw.make(Transpose(from.inverse), [value], location: location))
    }
    let inner = try rw.make(definition(from), moved, location: location)
    try rw.substitute(op.id, by: Transpose(from.permutation), [inner])
  }
}

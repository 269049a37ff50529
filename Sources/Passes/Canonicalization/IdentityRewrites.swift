// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// Ops that do nothing, or nothing that the op in front of them has not done.
enum IdentityRewrites {
  static let all = [
    Rewrite("neutral-operand", neutralOperand), Rewrite("broadcast-operand", broadcastOperand),
    Rewrite("idle-unary", idleUnary), Rewrite("merge-clips", mergeClips),
    Rewrite("idle-cast", idleCast), Rewrite("idle-slice", idleSlice),
    Rewrite("idle-pad", idlePad), Rewrite("single-concat", singleConcat),
    Rewrite("idle-broadcast", idleBroadcast), Rewrite("idle-resize", idleResize),
    Rewrite("idle-reduce", idleReduce),
  ]

  /// x + 0, x − 0, x · 1, x / 1, … → x
  private static func neutralOperand(
    _ op: OpRef<Binary>, _ rw: inout Rewriter
  ) throws(Declined) {
    let lhs = try rw.operand(op, .lhs)
    let rhs = try rw.operand(op, .rhs)
    if let value = rw.graph.tensor(rhs)?.uniformValue, isNeutral(value, right: true, op.function) {
      try bypass(op, lhs, &rw)
    } else if let value = rw.graph.tensor(lhs)?.uniformValue,
      isNeutral(value, right: false, op.function)
    {
      try bypass(op, rhs, &rw)
    } else {
      throw Declined("no operand is neutral for \(op.function.rawValue)")
    }
  }

  private static func isNeutral(_ value: Double, right: Bool, _ function: BinaryFunction) -> Bool {
    switch function {
    case .add, .bitOr, .bitXor, .or, .xor: value == 0
    case .sub, .shiftLeft, .shiftRight: right && value == 0
    case .mul: value == 1
    case .div, .pow, .prelu: right && value == 1
    case .and: value != 0
    case .max: value == -.infinity
    case .min: value == .infinity
    case .mod, .fmod, .bitAnd, .equal, .less, .lessOrEqual, .greater, .greaterOrEqual: false
    }
  }

  /// binary(x, broadcast(y)) → binary(x, y), where the result has the same shape
  private static func broadcastOperand(
    _ op: OpRef<Binary>, _ rw: inout Rewriter
  ) throws(Declined) {
    var operands = rw.graph.operands(of: op.id)
    var others = operands
    for slot in operands.indices {
      guard let operand = operands[slot],
        let inner = try? rw.producer(of: operand, as: Broadcast.self)
      else { continue }
      others[slot] = rw.graph.operand(inner, .input)
      let shapes = others.compactMap { $0.map { rw.graph.type(of: $0).shape } }
      let result = rw.graph.type(of: rw.graph.result(op)).shape
      if shapes.count == 2, Shape.broadcast(shapes[0], shapes[1]) == result {
        operands = others
      } else {
        others = operands
      }
    }
    try rw.require(
      operands != rw.graph.operands(of: op.id), "no operand is a broadcast that binary repeats")
    try rw.substitute(op.id, by: op.attributes, operands)
  }

  /// relu(relu(x)) → relu(x), negate(negate(x)) → x, relu of what is never negative, …
  private static func idleUnary(_ op: OpRef<Unary>, _ rw: inout Rewriter) throws(Declined) {
    let input = try rw.operand(op, .input)
    let isUnsigned = rw.graph.type(of: input).element.kind == .unsigned
    switch op.function {
    case .relu, .abs:
      if isUnsigned || ValueRange.isNonNegative(input, in: rw.graph) {
        return try bypass(op, input, &rw)
      }
    case .clip:
      if op.alpha == -.infinity, op.beta == .infinity { return try bypass(op, input, &rw) }
      if op.alpha == 0, op.beta == .infinity {
        return try rw.substitute(op.id, by: Unary(.relu), [input])
      }
    default: break
    }
    let inner = try rw.producer(of: input, as: Unary.self)
    switch (op.function, inner.function) {
    case (.sign, .sign), (.floor, .floor), (.ceil, .ceil), (.round, .round), (.floor, .ceil),
      (.floor, .round), (.ceil, .floor), (.ceil, .round), (.round, .floor), (.round, .ceil):
      try bypass(op, input, &rw)
    case (.negate, .negate), (.not, .not):
      try bypass(op, try rw.operand(inner, .input), &rw)
    case (.abs, .negate), (.abs, .abs):
      try rw.substitute(op.id, by: op.attributes, [try rw.operand(inner, .input)])
    default:
      throw Declined("\(op.function.rawValue) after \(inner.function.rawValue) does something")
    }
  }

  /// clip(clip(x)), clip(relu(x)) and relu(clip(x)) → one clip, where the ranges meet
  private static func mergeClips(_ op: OpRef<Unary>, _ rw: inout Rewriter) throws(Declined) {
    let inner = try rw.producer(of: try rw.operand(op, .input), as: Unary.self)
    guard let (low, high) = range(op.attributes), let (low2, high2) = range(inner.attributes) else {
      throw Declined("the ops are not relu or clip")
    }
    let (least, most) = (max(low, low2), min(high, high2))
    try rw.require(
      low <= high && low2 <= high2 && least <= most, "the ranges of the clips do not meet")
    let merged: Unary =
      least == 0 && most == .infinity ? Unary(.relu) : Unary(.clip, alpha: least, beta: most)
    let location = rw.graph.location(of: inner.id).joined(with: rw.graph.location(of: op.id))
    try rw.substitute(op.id, by: merged, [try rw.operand(inner, .input)], location: location)
  }

  private static func range(_ op: Unary) -> (Float, Float)? {
    switch op.function {
    case .relu: (0, .infinity)
    case .clip: (op.alpha, op.beta)
    default: nil
    }
  }

  /// A cast to the same element type.
  private static func idleCast(_ op: OpRef<Cast>, _ rw: inout Rewriter) throws(Declined) {
    try bypass(op, try rw.operand(op, .input), &rw)
  }

  /// A slice of everything.
  private static func idleSlice(_ op: OpRef<Slice>, _ rw: inout Rewriter) throws(Declined) {
    let input = try rw.operand(op, .input)
    let isWhole =
      op.sizes == rw.graph.type(of: input).shape.extents
      && zip(op.sizes.indices, op.sizes).allSatisfy { axis, size in
        size <= 1 || op.steps.isEmpty || op.steps[axis] == 1
      }
    try rw.require(isWhole, "the slice leaves something out or turns it round")
    try bypass(op, input, &rw)
  }

  /// A pad of nothing.
  private static func idlePad(_ op: OpRef<Pad>, _ rw: inout Rewriter) throws(Declined) {
    try rw.require((op.before + op.after).allSatisfy { $0 == 0 }, "the pad adds positions")
    try bypass(op, try rw.operand(op, .input), &rw)
  }

  /// A concat of one tensor; empty ones do not count.
  private static func singleConcat(_ op: OpRef<Concat>, _ rw: inout Rewriter) throws(Declined) {
    let inputs = rw.graph.variadicOperands(op, .inputs)
    let filled = inputs.filter { rw.graph.type(of: $0).shape[op.axis] > 0 }
    if filled.count == 1 { return try bypass(op, filled[0], &rw) }
    try rw.require(
      filled.count > 1 && filled.count < inputs.count, "the concat joins several tensors")
    try rw.substitute(op.id, by: op.attributes, filled)
  }

  /// A broadcast to the same shape.
  private static func idleBroadcast(
    _ op: OpRef<Broadcast>, _ rw: inout Rewriter
  ) throws(Declined) {
    try bypass(op, try rw.operand(op, .input), &rw)
  }

  /// A resize to the same extents by the factor 1.
  private static func idleResize(_ op: OpRef<Resize>, _ rw: inout Rewriter) throws(Declined) {
    try rw.require(
      op.scales.allSatisfy { $0 == 1 } && op.coordinates != .tfCropAndResize,
      "the resize has factors")
    try bypass(op, try rw.operand(op, .input), &rw)
  }

  /// A sum, mean, maximum, minimum or product along axes of one position each: a reshape, or
  /// nothing.
  private static func idleReduce(_ op: OpRef<Reduce>, _ rw: inout Rewriter) throws(Declined) {
    let input = try rw.operand(op, .input)
    let shape = rw.graph.type(of: input).shape
    try rw.require(op.axes.allSatisfy { shape[$0] == 1 }, "the axes have several positions")
    switch op.kind {
    case .sum, .mean, .max, .min, .product: break
    case .l1, .l2, .logSum, .logSumExp, .sumOfSquares:
      throw Declined("\(op.kind.rawValue) of one element is not the element")
    }
    let result = rw.graph.type(of: rw.graph.result(op)).shape
    if result == shape { return try bypass(op, input, &rw) }
    var extents = result.extents
    if op.axes.first != 0, !extents.isEmpty { extents[0] = Reshape.copied }
    try rw.substitute(op.id, by: Reshape(to: extents), [input])
  }

  /// Makes readers of an op's only result read another value of the same type.
  private static func bypass<Op: OpDefinition>(
    _ op: OpRef<Op>, _ value: ValueID, _ rw: inout Rewriter
  ) throws(Declined) {
    let result = rw.graph.result(op)
    try rw.require(
      rw.graph.type(of: value) == rw.graph.type(of: result), "the op changes the type")
    rw.replaceAllUses(of: result, with: value)
    rw.erase(op.id)
  }
}

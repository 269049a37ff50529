// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Paddings that the op behind them can do itself.
enum PadRewrites {
  static let all = [
    Rewrite("pad-into-conv", padIntoConvolution), Rewrite("pad-into-pool", padIntoPool),
    Rewrite("merge-pads", mergePads),
  ]

  /// conv(pad(x)) → conv(x) {padding}, where the padding holds what counts as 0 there
  private static func padIntoConvolution(
    _ op: OpRef<Convolution>, _ rw: inout Rewriter
  ) throws(Declined) {
    let pad = try rw.producer(of: try rw.operand(op, .input), as: Pad.self)
    let zero = try rw.constantIfPresent(op, .inputZero)?.uniformValue ?? 0
    let (source, value) = try padding(pad, rw)
    try rw.require(value == zero, "the pad value \(value) is not what the convolution pads with")
    let extra = try spatial(pad.attributes, rw)
    var definition = op.attributes
    definition.padding = sum(op.padding, extra)
    var operands = rw.graph.operands(of: op.id)
    operands[0] = source
    let location = rw.graph.location(of: pad.id).joined(with: rw.graph.location(of: op.id))
    try rw.substitute(op.id, by: definition, operands, location: location)
  }

  /// pool(pad(x)) → pool(x) {padding}, where the padding changes no window
  private static func padIntoPool(_ op: OpRef<Pool>, _ rw: inout Rewriter) throws(Declined) {
    let pad = try rw.producer(of: try rw.operand(op, .input), as: Pad.self)
    let (source, value) = try padding(pad, rw)
    let extra = try spatial(pad.attributes, rw)
    try rw.require(!op.ceil, "the pool lets windows hang over")
    var definition = op.attributes
    definition.padding = sum(op.padding, extra)
    switch op.kind {
    case .max:
      // Every window must still hold an element of the input, which then wins or is equal.
      let rank = op.window.count
      let reaches = (0..<rank).allSatisfy { axis in
        definition.padding[axis] < op.window[axis]
          && definition.padding[axis + rank] < op.window[axis]
      }
      try rw.require(
        reaches && op.dilations.allSatisfy { $0 == 1 }, "a window may hold padding alone")
      let neverWins =
        value == -.infinity || value <= 0 && ValueRange.isNonNegative(source, in: rw.graph)
      try rw.require(neverWins, "the pad value \(value) may be a maximum")
    case .average:
      try rw.require(value == 0, "the pad value \(value) is not 0")
      try rw.require(
        op.countPadding || op.padding.allSatisfy { $0 == 0 },
        "the pool's own padding does not count in the mean")
      definition.countPadding = true
    case .sum: try rw.require(value == 0, "the pad value \(value) is not 0")
    }
    let location = rw.graph.location(of: pad.id).joined(with: rw.graph.location(of: op.id))
    try rw.substitute(op.id, by: definition, [source], location: location)
  }

  /// pad(pad(x)) → pad(x), where both hold the same constant
  private static func mergePads(_ op: OpRef<Pad>, _ rw: inout Rewriter) throws(Declined) {
    let inner = try rw.producer(of: try rw.operand(op, .input), as: Pad.self)
    let (_, value) = try padding(op, rw)
    let (source, innerValue) = try padding(inner, rw)
    try rw.require(value == innerValue, "the pads hold different values")
    let merged = Pad(
      before: zip(op.before, inner.before).map(+), after: zip(op.after, inner.after).map(+))
    var operands: [ValueID?] = [source]
    if let operand = rw.graph.operand(op, .value) { operands.append(operand) }
    let location = rw.graph.location(of: inner.id).joined(with: rw.graph.location(of: op.id))
    try rw.substitute(op.id, by: merged, operands, location: location)
  }

  /// What a pad reads and the constant that it adds.
  private static func padding(
    _ pad: OpRef<Pad>, _ rw: borrowing Rewriter
  ) throws(Declined) -> (source: ValueID, value: Double) {
    try rw.require(pad.mode == .constant, "the pad repeats its input")
    let value = try rw.constantIfPresent(pad, .value)?.uniformValue
    return (try rw.operand(pad, .input), value ?? 0)
  }

  /// The positions before each spatial axis, then after each.
  private static func spatial(
    _ pad: Pad, _ rw: borrowing Rewriter
  ) throws(Declined) -> [Int] {
    try rw.require(
      pad.before.prefix(2).allSatisfy { $0 == 0 } && pad.after.prefix(2).allSatisfy { $0 == 0 },
      "the pad adds channels or samples")
    return Array(pad.before.dropFirst(2) + pad.after.dropFirst(2))
  }

  private static func sum(_ padding: [Int], _ extra: [Int]) -> [Int] {
    padding.isEmpty ? extra : zip(padding, extra).map(+)
  }
}

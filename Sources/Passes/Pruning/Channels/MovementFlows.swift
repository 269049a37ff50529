// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

extension Reshape: ChannelFlow {
  /// Channels that are split into `parts` each, or of which `parts` are joined, with the samples
  /// left alone.
  private func parts(_ op: ChannelOp) -> (parts: Int, isSplit: Bool)? {
    guard let input = op.type(0)?.shape, input.rank >= 2, shape.count >= 2,
      input[0] == op.result.shape[0], input[1] > 0, op.channels > 0
    else { return nil }
    if op.channels % input[1] == 0 { return (op.channels / input[1], true) }
    if input[1] % op.channels == 0 { return (input[1] / op.channels, false) }
    return nil
  }

  func relation(_ op: ChannelOp) -> ChannelRelation? {
    guard let (parts, isSplit) = parts(op) else { return nil }
    let pairs =
      isSplit
      ? (0..<op.channels).map { ChannelPair(operand: $0 / parts, result: $0) }
      : (0..<op.channels * parts).map { ChannelPair(operand: $0, result: $0 / parts) }
    return .tied([(0, pairs)])
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    let values = known(0)
    guard let (parts, isSplit) = parts(op), !values.isEmpty else { return [] }
    if isSplit { return (0..<op.channels).map { values[$0 / parts] } }
    return (0..<op.channels).map { channel in
      let joined = values[channel * parts..<(channel + 1) * parts]
      return joined.allSatisfy { $0 == joined.first } ? values[channel * parts] : nil
    }
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    var narrowed = Narrowed(self)
    if shape[1] != Self.inferred { narrowed.definition.shape[1] = narrowing.result.count }
    return narrowed
  }
}

extension Transpose: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? {
    permutation.starts(with: [0, 1]) ? .same([0], channels: op.channels) : nil
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    permutation.starts(with: [0, 1]) ? known(0) : []
  }
}

extension Slice: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? {
    guard steps.isEmpty || steps[1] == 1 || sizes[1] == 1 else { return nil }
    return .tied([(0, (0..<sizes[1]).map { ChannelPair(operand: starts[1] + $0, result: $0) })])
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    let values = known(0)
    guard !values.isEmpty else { return [] }
    let step = steps.isEmpty ? 1 : steps[1]
    return (0..<sizes[1]).map { values[starts[1] + $0 * step] }
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    var narrowed = Narrowed(self)
    narrowed.definition.starts[1] = narrowing.operands[0].filter { $0 < starts[1] }.count
    narrowed.definition.sizes[1] = narrowing.result.count
    return narrowed
  }
}

extension Pad: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? {
    guard let input = op.type(0)?.shape, op.isFixed(1) else { return nil }
    guard mode == .constant || before[1] + after[1] == 0 else { return nil }
    return .tied([(0, (0..<input[1]).map { ChannelPair(operand: $0, result: before[1] + $0) })])
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    guard let input = op.type(0)?.shape, op.isFixed(1) else { return [] }
    guard mode == .constant || before[1] + after[1] == 0 else { return [] }
    let value = op.tensor(1)?.uniformValue ?? 0
    let isFlat = before.indices.allSatisfy { $0 == 1 || before[$0] + after[$0] == 0 }
    var values = known(0)
    if values.isEmpty { values = Array(repeating: nil, count: input[1]) }
    if !isFlat, mode == .constant { values = values.map { $0 == value ? $0 : nil } }
    return Array(repeating: value, count: before[1]) + values
      + Array(repeating: value, count: after[1])
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    var narrowed = Narrowed(self)
    narrowed.definition.before[1] = narrowing.result.filter { $0 < before[1] }.count
    narrowed.definition.after[1] =
      narrowing.result.filter { $0 >= op.channels - after[1] }.count
    return narrowed
  }
}

extension Concat: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? {
    var slots: [(slot: Int, pairs: [ChannelPair])] = []
    for (slot, range) in ranges(op).enumerated() where op.tensor(slot) == nil {
      let pairs = range.map { ChannelPair(operand: $0 - range.lowerBound, result: $0) }
      slots.append((slot, pairs))
    }
    return .tied(slots)
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    var values: [Double?] = []
    for (slot, range) in ranges(op).enumerated() {
      var part = known(slot)
      if part.isEmpty { part = Array(repeating: nil, count: range.count) }
      if axis == 1 {
        values += part
      } else if slot == 0 {
        values = part
      } else {
        for (i, value) in part.enumerated() where values[i] != value { values[i] = nil }
      }
    }
    return values
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    var narrowed = Narrowed(self)
    for (slot, range) in ranges(op).enumerated() {
      guard let tensor = op.tensor(slot) else { continue }
      let stays = narrowing.result.filter(range.contains).map { $0 - range.lowerBound }
      if stays.count < range.count {
        narrowed.constants[slot] = LayerConstant(tensor.selecting(stays, axis: 1))
      }
    }
    return narrowed
  }

  /// The channels of the result that each operand makes.
  private func ranges(_ op: ChannelOp) -> [Range<Int>] {
    var start = 0
    return (0..<op.operandCount).map { slot in
      let count = op.type(slot)?.shape[1] ?? 0
      defer { if axis == 1 { start += count } }
      return start..<start + count
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import Evaluation
import GraphIR
import Tensors

extension Unary: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? { .same([0], channels: op.channels) }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    ChannelValues.evaluate(self, [known(0)], op)
  }
}

extension Cast: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? { .same([0], channels: op.channels) }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    ChannelValues.evaluate(self, [known(0)], op)
  }
}

extension Binary: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? {
    let result = op.result.shape
    var (same, whole): ([Int], [Int]) = ([], [])
    for slot in 0..<2 where op.tensor(slot) == nil {
      guard let shape = op.type(slot)?.shape else { return nil }
      if shape.rank == result.rank {
        if shape[1] == result[1] { same.append(slot) } else { whole.append(slot) }
      } else {
        // Its axis 1 is not the channels; if another one is, nothing can leave.
        let axis = 1 - (result.rank - shape.rank)
        guard axis < 0 || shape[axis] == 1 else { return nil }
        whole.append(slot)
      }
    }
    return .same(same, channels: result[1], whole: whole)
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    let sides = (0..<2).map { side($0, op, known) }
    var values = ChannelValues.evaluate(self, sides, op)
    if function == .mul, op.result.element.isFloat {
      for side in sides {
        for (channel, value) in side.enumerated() where value == 0 { values[channel] = 0 }
      }
    }
    return values
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    var narrowed = Narrowed(self)
    for slot in 0..<2 {
      guard let tensor = op.tensor(slot) else { continue }
      let axis = 1 - (op.result.shape.rank - tensor.shape.rank)
      if axis >= 0, tensor.shape[axis] == op.channels {
        narrowed.constants[slot] = LayerConstant(tensor.selecting(narrowing.result, axis: axis))
      }
    }
    return narrowed
  }

  /// What is known of an operand's channels as the result has them.
  private func side(
    _ slot: Int, _ op: ChannelOp, _ known: (Int) -> [Double?]
  ) -> [Double?] {
    let unknown = [Double?](repeating: nil, count: op.channels)
    guard let shape = op.type(slot)?.shape else { return unknown }
    let axis = 1 - (op.result.shape.rank - shape.rank)
    if let tensor = op.tensor(slot) {
      if axis >= 0, tensor.shape[axis] == op.channels { return tensor.uniformValues(axis: axis) }
      return unknown.map { _ in tensor.uniformValue }
    }
    let channels = known(slot)
    guard axis == 1, !channels.isEmpty else { return unknown }
    return channels.count == op.channels ? channels : unknown.map { _ in channels[0] }
  }
}

extension BatchNorm: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? {
    guard (1...4).allSatisfy({ op.tensor($0) != nil }) else { return nil }
    return .same([0], channels: op.channels)
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    let parameters = (1...4).compactMap { op.tensor($0)?.doubles() }
    guard parameters.count == 4 else { return [] }
    let values = known(0)
    return (0..<op.channels).map { c in
      let factor =
        parameters[0][c] / (parameters[3][c] + Double(epsilon)).squareRoot()
      let value = factor == 0 ? 0 : c < values.count ? values[c] : nil
      return value.map { ($0 - parameters[2][c]) * factor + parameters[1][c] }
    }
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    var tensors: [Int: Tensor] = [:]
    for slot in 1...4 {
      tensors[slot] = op.tensor(slot)?.selecting(narrowing.result, axis: 0)
    }
    return Narrowed(self, tensors)
  }
}

extension Quantize: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? {
    ChannelValues.scaledRelation(op, axis: axis, block: block)
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    ChannelValues.evaluateScaled(self, known(0), op)
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    Narrowed(self, ChannelValues.narrowedScales(op, axis: axis, narrowing))
  }
}

extension Dequantize: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? {
    ChannelValues.scaledRelation(op, axis: axis, block: block)
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    ChannelValues.evaluateScaled(self, known(0), op)
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    Narrowed(self, ChannelValues.narrowedScales(op, axis: axis, narrowing))
  }
}

/// What ops make of channels that are constant.
enum ChannelValues {
  /// The op, which works element by element, on one element of each channel; nil where an operand
  /// is unknown.
  static func evaluate(
    _ definition: some Evaluable, _ operands: [[Double?]], _ op: ChannelOp
  ) -> [Double?] {
    var values = [Double?](repeating: nil, count: op.channels)
    guard operands.allSatisfy({ $0.count == op.channels }) else { return values }
    let known = values.indices.filter { channel in operands.allSatisfy { $0[channel] != nil } }
    guard !known.isEmpty, let shape = Shape([1, known.count]) else { return values }
    var tensors: [Tensor?] = []
    for (slot, operand) in operands.enumerated() {
      guard let type = op.type(slot) else { return values }
      tensors.append(
        Tensor(TensorType(type.element, shape), rounding: known.map { operand[$0] ?? 0 }))
    }
    return fill(&values, known, definition, tensors, op)
  }

  /// The same for an op with one scale and zero point in slots 1 and 2.
  static func evaluateScaled(
    _ definition: some Evaluable, _ operand: [Double?], _ op: ChannelOp
  ) -> [Double?] {
    var values = [Double?](repeating: nil, count: op.channels)
    guard operand.count == op.channels, let type = op.type(0), let scale = op.tensor(1),
      scale.count == 1, op.isFixed(2)
    else { return values }
    let known = values.indices.filter { operand[$0] != nil }
    guard !known.isEmpty, let shape = Shape([1, known.count]) else { return values }
    let tensor = Tensor(
      TensorType(type.element, shape), rounding: known.map { operand[$0] ?? 0 })
    return fill(&values, known, definition, [tensor, scale, op.tensor(2)], op)
  }

  private static func fill<Op: Evaluable>(
    _ values: inout [Double?], _ known: [Int], _ definition: Op, _ tensors: [Tensor?],
    _ op: ChannelOp
  ) -> [Double?] {
    guard let shape = Shape([1, known.count]),
      let results = try? definition.evaluate(
        OperandTensors<Op>(tensors), resultTypes: [TensorType(op.result.element, shape)])
    else { return values }
    for (channel, value) in zip(known, results[0].doubles()) { values[channel] = value }
    return values
  }

  /// The relation of an op with constant scales, which may be per channel but not blocked.
  static func scaledRelation(_ op: ChannelOp, axis: Int, block: Int) -> ChannelRelation? {
    guard block == 0, op.tensor(1) != nil, op.isFixed(2) else { return nil }
    return .same([0], channels: op.channels)
  }

  /// Per-channel scales and zero points without the channels that leave.
  static func narrowedScales(
    _ op: ChannelOp, axis: Int, _ narrowing: Narrowing
  ) -> [Int: Tensor] {
    var tensors: [Int: Tensor] = [:]
    guard axis == 1 else { return tensors }
    for slot in 1...2 {
      guard let tensor = op.tensor(slot), tensor.shape.rank == 1, tensor.count == op.channels,
        op.channels > 1
      else { continue }
      tensors[slot] = tensor.selecting(narrowing.result, axis: 0)
    }
    return tensors
  }
}

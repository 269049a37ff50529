// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

extension Convolution: ChannelFlow {
  /// The weights, if they and the bias are constants of floats.
  private func weights(_ op: ChannelOp) -> WeightMatrix? {
    guard let weight = op.tensor(1), weight.element.isFloat, op.isFixed(2), weight.count > 0,
      op.value(3) == nil, op.value(4) == nil
    else { return nil }
    return WeightMatrix(weight, groups: groups)
  }

  private var isUniform: Bool { padding.allSatisfy { $0 == 0 } }

  func relation(_ op: ChannelOp) -> ChannelRelation? {
    guard let matrix = weights(op) else { return nil }
    if groups == 1 { return .mixed(matrix, uniform: isUniform) }
    // Depthwise: each channel makes as many; groups of several channels are left alone.
    guard matrix.inputsPerGroup == 1 else { return nil }
    let pairs = (0..<matrix.outputs).map {
      ChannelPair(operand: matrix.input($0, 0), result: $0)
    }
    return .tied([(0, pairs)])
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    weights(op)?.constants(known(0), bias: op.tensor(2), uniform: isUniform) ?? []
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    guard let weight = op.tensor(1), let matrix = weights(op) else { return Narrowed(self) }
    var narrowed = Narrowed(self)
    var part = weight.selecting(narrowing.result, axis: 0)
    if groups == 1 {
      part = part.selecting(narrowing.operands[0], axis: 1)
      narrowed.tensors[2] = matrix.bias(op.tensor(2), narrowing, weight.element)
    } else {
      narrowed.definition.groups = narrowing.operands[0].count
      narrowed.tensors[2] = op.tensor(2)?.selecting(narrowing.result, axis: 0)
    }
    narrowed.tensors[1] = part
    return narrowed
  }
}

extension TransposedConvolution: ChannelFlow {
  private func weights(_ op: ChannelOp) -> WeightMatrix? {
    guard let weight = op.tensor(1), op.isFixed(2), groups == 1, weight.count > 0 else {
      return nil
    }
    return WeightMatrix(weight, groups: 1, inputsFirst: true)
  }

  func relation(_ op: ChannelOp) -> ChannelRelation? {
    // How many weights meet at a position differs from place to place.
    weights(op).map { .mixed($0, uniform: false) }
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    weights(op)?.constants(known(0), bias: op.tensor(2), uniform: false) ?? []
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    guard let weight = op.tensor(1) else { return Narrowed(self) }
    let part = weight.selecting(narrowing.operands[0], axis: 0)
      .selecting(narrowing.result, axis: 1)
    var narrowed = Narrowed(self, [1: part])
    narrowed.tensors[2] = op.tensor(2)?.selecting(narrowing.result, axis: 0)
    return narrowed
  }
}

extension MatrixMultiply: ChannelFlow {
  private func weights(_ op: ChannelOp) -> WeightMatrix? {
    guard let weight = op.tensor(1), weight.element.isFloat, weight.shape.rank == 2,
      op.isFixed(2), op.type(0)?.shape.rank == 2, !transposeLHS, weight.count > 0,
      op.value(3) == nil, op.value(4) == nil
    else { return nil }
    return WeightMatrix(weight, groups: 1, inputsFirst: !transposeRHS)
  }

  func relation(_ op: ChannelOp) -> ChannelRelation? {
    weights(op).map { .mixed($0, uniform: true) }
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    weights(op)?.constants(known(0), bias: op.tensor(2), uniform: true) ?? []
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    guard let weight = op.tensor(1), let matrix = weights(op) else { return Narrowed(self) }
    let (inputAxis, outputAxis) = transposeRHS ? (1, 0) : (0, 1)
    let part = weight.selecting(narrowing.operands[0], axis: inputAxis)
      .selecting(narrowing.result, axis: outputAxis)
    var narrowed = Narrowed(self, [1: part])
    narrowed.tensors[2] = matrix.bias(op.tensor(2), narrowing, weight.element)
    return narrowed
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

extension Convolution: ChannelFlow {
  /// The weights, if they and the bias are constants of floats, dequantized ones among them.
  private func weights(_ op: ChannelOp) -> LayerWeights? {
    guard op.value(3) == nil, op.value(4) == nil, let layer = LayerWeights(op) else { return nil }
    // Scales along the inputs would have to be cut to another part in each group.
    return groups > 1 && layer.weight.isScaled(along: 1) ? nil : layer
  }

  private func matrix(_ layer: LayerWeights) -> WeightMatrix {
    WeightMatrix(layer.weight.values, groups: groups)
  }

  private var isUniform: Bool { padding.allSatisfy { $0 == 0 } }

  func relation(_ op: ChannelOp) -> ChannelRelation? {
    guard let layer = weights(op) else { return nil }
    let matrix = matrix(layer)
    // Depthwise: each channel makes as many.
    guard groups > 1, matrix.inputsPerGroup == 1 else {
      return .mixed(matrix, uniform: isUniform && layer.canTakeBias)
    }
    let pairs = (0..<matrix.outputs).map {
      ChannelPair(operand: matrix.input($0, 0), result: $0)
    }
    return .tied([(0, pairs)])
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    guard let layer = weights(op) else { return [] }
    return matrix(layer).constants(known(0), bias: layer.bias?.values, uniform: isUniform)
  }

  func negligible(_ op: ChannelOp, within tolerance: Double) -> [Int: Double] {
    guard let layer = weights(op) else { return [:] }
    return matrix(layer).negligible(within: tolerance, bias: layer.bias?.values)
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    guard let layer = weights(op) else { return Narrowed(self) }
    let matrix = matrix(layer)
    let blocks = matrix.blocks(narrowing)
    var narrowed = Narrowed(self)
    narrowed.definition.groups = blocks.count
    // The axes of one group are cut apart: numbers may be scaled along either.
    narrowed.constants[1] =
      groups > 1
      ? layer.weight.selecting(blocks: blocks)
      : layer.weight.selecting(narrowing.operands[0], axis: 1)
        .selecting(narrowing.result, axis: 0)
    narrowed.constants[2] = layer.bias(narrowing, matrix)
    return narrowed
  }
}

/// The constant weight and bias of a layer: its operands in the slots 1 and 2.
private struct LayerWeights {
  let weight: LayerConstant
  let bias: LayerConstant?

  init?(_ op: ChannelOp) {
    guard let weight = LayerConstant(op, 1), weight.values.element.isFloat, weight.values.count > 0
    else { return nil }
    self.weight = weight
    bias = LayerConstant(op, 2)
    if op.value(2) != nil, bias == nil { return nil }
  }

  /// Whether numbers can be added to the bias: one of integers has its own steps.
  var canTakeBias: Bool { weight.dequantized == nil && bias?.dequantized == nil }

  /// The biases of the outputs that stay when the inputs that do not stay leave; nil if there are
  /// none.
  func bias(_ narrowing: Narrowing, _ matrix: WeightMatrix) -> LayerConstant? {
    guard canTakeBias else { return bias?.selecting(narrowing.result, axis: 0) }
    return matrix.bias(bias?.values, narrowing, weight.values.element).map { LayerConstant($0) }
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

  func negligible(_ op: ChannelOp, within tolerance: Double) -> [Int: Double] {
    weights(op)?.negligible(within: tolerance, bias: op.tensor(2)) ?? [:]
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    guard let weight = op.tensor(1) else { return Narrowed(self) }
    let part = weight.selecting(narrowing.operands[0], axis: 0)
      .selecting(narrowing.result, axis: 1)
    let bias = op.tensor(2)?.selecting(narrowing.result, axis: 0)
    return Narrowed(self, [1: part, 2: bias].compactMapValues { $0 })
  }
}

extension MatrixMultiply: ChannelFlow {
  private func weights(_ op: ChannelOp) -> LayerWeights? {
    guard op.type(0)?.shape.rank == 2, !transposeLHS, op.value(3) == nil, op.value(4) == nil,
      let layer = LayerWeights(op), layer.weight.values.shape.rank == 2
    else { return nil }
    return layer
  }

  private func matrix(_ layer: LayerWeights) -> WeightMatrix {
    WeightMatrix(layer.weight.values, groups: 1, inputsFirst: !transposeRHS)
  }

  func relation(_ op: ChannelOp) -> ChannelRelation? {
    weights(op).map { .mixed(matrix($0), uniform: $0.canTakeBias) }
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    weights(op).map {
      matrix($0).constants(known(0), bias: $0.bias?.values, uniform: true)
    } ?? []
  }

  func negligible(_ op: ChannelOp, within tolerance: Double) -> [Int: Double] {
    weights(op).map { matrix($0).negligible(within: tolerance, bias: $0.bias?.values) } ?? [:]
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    guard let layer = weights(op) else { return Narrowed(self) }
    let (inputAxis, outputAxis) = transposeRHS ? (1, 0) : (0, 1)
    var narrowed = Narrowed(self)
    narrowed.constants[1] = layer.weight.selecting(narrowing.operands[0], axis: inputAxis)
      .selecting(narrowing.result, axis: outputAxis)
    narrowed.constants[2] = layer.bias(narrowing, matrix(layer))
    return narrowed
  }
}

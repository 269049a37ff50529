// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// What an op means for the grids of the values around it.
enum QuantizedRole {
  /// A layer with a constant weight, whose outputs lie along `axis` of it, and a constant bias.
  /// Its input gets a grid, and so does its result.
  case layer(axis: Int)
  /// The operands in these slots get grids, and so does the result.
  case operation([Int])
  /// The elements are those of the operand in slot 0, or zero: the grid is the same.
  case movement
  /// A bound: belongs to the op in front of it where that has no other reader.
  case bound
}

/// An op that can compute with integers. One that does not conform stays in float.
protocol QuantizableOp: OpDefinition {
  /// The role in that place of a graph; nil if it has to stay in float.
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole?
}

extension Convolution: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? {
    LayerOperands.areConstant(operand, graph) ? .layer(axis: 0) : nil
  }
}

extension TransposedConvolution: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? {
    LayerOperands.areConstant(operand, graph) && groups == 1 ? .layer(axis: 1) : nil
  }
}

extension MatrixMultiply: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? {
    if LayerOperands.areConstant(operand, graph), let weight = operand(1) {
      let rank = graph.type(of: weight).shape.rank
      return rank == 2 ? .layer(axis: transposeRHS ? 0 : 1) : nil
    }
    return operand(2) == nil ? .operation([0, 1]) : nil
  }
}

extension Binary: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? {
    switch function {
    case .add, .sub, .mul: .operation([0, 1])
    default: nil
    }
  }
}

extension Unary: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? {
    switch function {
    case .relu, .clip: .bound
    case .sigmoid, .tanh, .hardSwish, .hardSigmoid, .leakyRelu, .elu, .swish, .softplus, .softsign,
      .abs, .erf:
      .operation([0])
    default: nil
    }
  }
}

extension Pool: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? {
    kind == .max ? .movement : .operation([0])
  }
}

extension Reduce: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? {
    switch kind {
    case .mean: .operation([0])
    case .max, .min: .movement
    default: nil
    }
  }
}

extension Resize: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? {
    mode == .nearest ? .movement : .operation([0])
  }
}

extension Concat: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? {
    var slots: [Int] = []
    while operand(slots.count) != nil { slots.append(slots.count) }
    return .operation(slots)
  }
}

extension Pad: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? {
    guard mode == .constant, let value = operand(1) else { return .movement }
    return graph.tensor(value)?.uniformValue == 0 ? .movement : nil
  }
}

extension Reshape: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? { .movement }
}

extension Transpose: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? { .movement }
}

extension Slice: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? { .movement }
}

extension Broadcast: QuantizableOp {
  func role(_ operand: (Int) -> ValueID?, in graph: Graph) -> QuantizedRole? { .movement }
}

/// The operands of layers: input, weight, bias, zero points.
private enum LayerOperands {
  /// Whether the weight is a constant of f32 that holds anything, the bias none or a constant, and
  /// nothing computes with integers yet.
  static func areConstant(_ operand: (Int) -> ValueID?, _ graph: Graph) -> Bool {
    guard let weight = operand(1).flatMap({ graph.tensor($0) }), weight.element == .f32,
      weight.count > 0, operand(3) == nil, operand(4) == nil
    else { return false }
    return operand(2).map { graph.tensor($0) != nil } ?? true
  }
}

// SPDX-License-Identifier: Apache-2.0
public import GraphIR
import Rewriting
public import Tensors

/// What a quantized graph computes with: how large each sum of integers can get, and which ops are
/// left with floats, and why.
public struct IntegerReport: Sendable {
  /// An op that sums integers.
  public struct Sum: Sendable {
    /// The layers that the op comes from.
    public let layers: [String]
    /// The mnemonic.
    public let op: String
    /// What no sum, and no part of one, is beyond, whatever the input; nil if that is not known.
    public let bound: Int?
    /// The type of the sums.
    public let element: ElementType
  }

  /// An op that computes with floats.
  public struct FloatOp: Sendable {
    /// The layers that the op comes from.
    public let layers: [String]
    /// The mnemonic.
    public let op: String
    /// Why there is no integer op in its place.
    public let reason: String
  }

  /// The ops that sum integers, in the order of the graph.
  public private(set) var sums: [Sum] = []
  /// The ops that compute with floats, in the order of the graph.
  public private(set) var floats: [FloatOp] = []
  /// The ops that make integers of floats or floats of integers.
  public private(set) var conversions = 0
  /// All ops.
  public let opCount: Int

  /// Looks at a graph.
  public init(_ graph: Graph) {
    opCount = graph.opCount
    for op in graph.opIDs {
      let definition = graph.definition(of: op)
      let kind = type(of: definition).name
      let layers = graph.location(of: op).layers
      if let sum = Self.sum(op, definition, graph) {
        sums.append(Sum(layers: layers, op: kind, bound: sum.bound, element: sum.element))
      }
      guard Self.computesWithFloats(op, graph) else { continue }
      if definition is Quantize || definition is Dequantize {
        conversions += 1
      } else {
        let reason = FloatReason.of(op, in: graph)
        floats.append(FloatOp(layers: layers, op: kind, reason: reason))
      }
    }
  }

  /// Whether anything is quantized at all.
  public var isQuantized: Bool { !sums.isEmpty || conversions > 0 }

  private static func computesWithFloats(_ op: OpID, _ graph: Graph) -> Bool {
    let computed = graph.operands(of: op).compactMap { $0 }.filter { graph.tensor($0) == nil }
    return (graph.results(of: op) + computed).contains { graph.type(of: $0).element.isFloat }
  }

  /// The bound of a sum, if the op makes one of integers of at most 16 bits.
  private static func sum(
    _ op: OpID, _ definition: any OpDefinition, _ graph: Graph
  ) -> (bound: Int?, element: ElementType)? {
    guard let input = graph.operands(of: op).first ?? nil else { return nil }
    let from = graph.type(of: input)
    let to = graph.type(of: graph.results(of: op)[0])
    guard from.element.isInteger, from.element.bitCount <= 16, to.element.bitCount >= 32 else {
      return nil
    }
    let range = IntegerRange.of(input, in: graph)
    let size = max(abs(range.lowerBound), abs(range.upperBound))
    switch definition {
    case let pool as Pool where pool.kind == .sum:
      return (bounded(pool.window.reduce(1, *), by: size), to.element)
    case let reduce as Reduce where reduce.kind == .sum:
      return (bounded(reduce.axes.reduce(1) { $0 * from.shape[$1] }, by: size), to.element)
    case is Convolution, is MatrixMultiply:
      return (AccumulatorRange.of(op, in: graph)?.bound, to.element)
    default: return nil
    }
  }

  private static func bounded(_ count: Int, by size: Int) -> Int? {
    let (bound, overflow) = count.multipliedReportingOverflow(by: size)
    return overflow ? nil : bound
  }
}

extension AccumulatorRange {
  /// The range of the sums of a layer of integers; nil if they are larger than 48 bits, or an operand
  /// that matters is computed.
  static func of(_ layer: OpID, in graph: Graph) -> AccumulatorRange? {
    let operands = graph.operands(of: layer)
    func operand(_ slot: Int) -> ValueID? { slot < operands.count ? operands[slot] : nil }
    func integers(_ slot: Int) -> [Int]? {
      guard let value = operand(slot) else { return [] }
      return graph.tensor(value)?.integers().map { Int($0) }
    }
    guard let x = operand(0), let w = operand(1), let shape = try? LayerShape(layer, graph),
      let zeros = integers(3), zeros.count <= 1, let weightZeros = integers(4),
      let bias = integers(2)
    else { return nil }
    let reach = IntegerRange.reach(of: x, zero: zeros.first ?? 0, in: graph)
    let biases = bias.isEmpty ? nil : bias
    guard let weights = graph.tensor(w) else {
      guard weightZeros.count <= 1 else { return nil }
      let other = IntegerRange.reach(of: w, zero: weightZeros.first ?? 0, in: graph)
      return try? AccumulatorRange(depth: shape.depth, reaches: (reach, other), bias: biases)
    }
    return try? AccumulatorRange(
      weights: weights, zeros: weightZeros.isEmpty ? [0] : weightZeros, axis: shape.weightAxis,
      reach: reach, bias: biases)
  }
}

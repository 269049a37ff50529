// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// An op through which channels (the positions along axis 1 of operands and result) can be
/// followed. An op that does not conform counts as one that reads and makes all of them.
protocol ChannelFlow: OpDefinition {
  /// How the result's channels hang together with the operands', or nil if the op needs all of
  /// them.
  func relation(_ op: ChannelOp) -> ChannelRelation?

  /// For each channel of the result the number that all its elements are, nil where they differ or
  /// it is unknown.
  ///
  /// - Parameter known: the same of the operand in a slot; empty if nothing is known.
  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?]

  /// The channels of the result that differ from a number by no more than rounding does, as their filters are negligible
  /// beside the layer's others, with that number.
  ///
  /// - Parameter tolerance: the largest weight of such a filter, as a share of the largest of the layer.
  func negligible(_ op: ChannelOp, within tolerance: Double) -> [Int: Double]

  /// The op without the channels that leave. `narrowing` says which those are; called only where
  /// `relation` is not nil.
  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self>
}

extension ChannelFlow {
  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] { [] }
  func negligible(_ op: ChannelOp, within tolerance: Double) -> [Int: Double] { [:] }
  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> { Narrowed(self) }
}

/// An op with the graph around it.
struct ChannelOp {
  let graph: Graph
  let id: OpID

  /// The operand in a slot, nil if it is absent.
  func value(_ slot: Int) -> ValueID? {
    let operands = graph.operands(of: id)
    return slot < operands.count ? operands[slot] : nil
  }
  /// The number of operand slots.
  var operandCount: Int { graph.operands(of: id).count }
  /// The type of the operand in a slot.
  func type(_ slot: Int) -> TensorType? { value(slot).map { graph.type(of: $0) } }
  /// The operand in a slot, if it is a constant.
  func tensor(_ slot: Int) -> Tensor? { value(slot).flatMap { graph.tensor($0) } }
  /// Whether the operand in a slot is absent or a constant.
  func isFixed(_ slot: Int) -> Bool { value(slot) == nil || tensor(slot) != nil }
  /// The type of the result.
  var result: TensorType { graph.type(of: graph.results(of: id)[0]) }
  /// The channels of the result; it has at least two axes.
  var channels: Int { result.shape[1] }
  /// Whether channels can be followed through the op: the result has some elements, and no tensor so many channels that a table of
  /// them is larger than any device's memory.
  var hasChannels: Bool {
    result.shape.rank >= 2 && result.shape.elementCount > 0
      && ([result.shape] + (0..<operandCount).compactMap { type($0)?.shape }).allSatisfy(Self.isCountable)
  }

  /// Whether a shape's channels are few enough to keep a table of them.
  static func isCountable(_ shape: Shape) -> Bool { shape.rank < 2 || shape[1] <= 1 << 24 }
}

/// How the channels of an op's result hang together with those of its operands. Constant operands
/// are not part of it: they are cut to fit.
enum ChannelRelation {
  /// Channels that stay or leave together: pairs of an operand's channel and a result's, by slot.
  /// The operands in the slots `whole` keep all of theirs.
  case tied([(slot: Int, pairs: [ChannelPair])], whole: [Int] = [])
  /// Each channel of the result is a weighted sum over those of its group of the operand in slot 0.
  /// A constant channel can leave if it is zero, or if the sum is `uniform`: the same at all
  /// positions, and to be had in the bias. All groups that stay keep as many channels.
  case mixed(WeightMatrix, uniform: Bool)

  /// Whether the operands that it is about are no constants; an op on constants alone is left
  /// alone.
  func isFollowable(_ op: ChannelOp) -> Bool {
    switch self {
    case .tied(let slots, _): slots.allSatisfy { op.tensor($0.slot) == nil }
    case .mixed: op.tensor(0) == nil
    }
  }

  /// Channel i of each slot is channel i of the result.
  static func same(_ slots: [Int], channels: Int, whole: [Int] = []) -> ChannelRelation {
    let pairs = (0..<channels).map { ChannelPair(operand: $0, result: $0) }
    return .tied(slots.map { ($0, pairs) }, whole: whole)
  }
}

/// A channel of an operand and the channel of the result that it becomes.
struct ChannelPair {
  let operand: Int
  let result: Int
}

/// Which channels stay.
struct Narrowing {
  /// Those of the result.
  let result: [Int]
  /// Those of the operands by slot.
  let operands: [[Int]]
  /// What is known of the channels of the operand in slot 0.
  let known: [Double?]
}

/// An op without some channels.
struct Narrowed<Op: OpDefinition> {
  var definition: Op
  /// Constants to be used instead of the operands in their slots.
  var constants: [Int: LayerConstant] = [:]

  init(_ definition: Op, _ tensors: [Int: Tensor] = [:]) {
    self.definition = definition
    constants = tensors.mapValues { LayerConstant($0) }
  }
}

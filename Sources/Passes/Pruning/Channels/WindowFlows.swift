// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

extension Pool: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? { .same([0], channels: op.channels) }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    let hasPadding = padding.contains { $0 != 0 }
    switch kind {
    case .max:
      // A window of padding alone would have no maximum.
      let rank = window.count
      let reaches = padding.indices.allSatisfy { padding[$0] < window[$0 % rank] }
      return !hasPadding || reaches && dilations.allSatisfy { $0 == 1 } ? known(0) : []
    case .average:
      return hasPadding && countPadding ? known(0).map { $0 == 0 ? 0 : nil } : known(0)
    case .sum: return known(0).map { $0 == 0 ? 0 : nil }
    }
  }
}

extension Reduce: ChannelFlow {
  private var isSpatial: Bool { axes.allSatisfy { $0 >= 2 } }

  func relation(_ op: ChannelOp) -> ChannelRelation? {
    isSpatial ? .same([0], channels: op.channels) : nil
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    guard isSpatial, let shape = op.type(0)?.shape, op.result.element.isFloat else { return [] }
    let count = Double(axes.reduce(1) { $0 * shape[$1] })
    return known(0).map { value in
      guard let value else { return nil }
      return switch kind {
      case .mean, .max, .min: value
      case .sum: value * count
      case .l1: abs(value) * count
      case .l2: abs(value) * count.squareRoot()
      case .sumOfSquares: value * value * count
      case .product, .logSum, .logSumExp: nil
      }
    }
  }
}

extension Resize: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? {
    guard let input = op.type(0)?.shape, sizes[1] == input[1], scales[1] == 1,
      coordinates != .tfCropAndResize
    else { return nil }
    return .same([0], channels: op.channels)
  }

  func constants(_ op: ChannelOp, _ known: (Int) -> [Double?]) -> [Double?] {
    // The weights of an interpolation sum to 1.
    relation(op) != nil && mode != .cubic ? known(0) : []
  }

  func narrowed(_ op: ChannelOp, _ narrowing: Narrowing) -> Narrowed<Self> {
    var narrowed = Narrowed(self)
    narrowed.definition.sizes[1] = narrowing.result.count
    return narrowed
  }
}

extension Softmax: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? {
    axis >= 2 ? .same([0], channels: op.channels) : nil
  }
}

extension Normalize: ChannelFlow {
  func relation(_ op: ChannelOp) -> ChannelRelation? {
    axes.allSatisfy { $0 >= 2 } ? .same([0], channels: op.channels) : nil
  }
}

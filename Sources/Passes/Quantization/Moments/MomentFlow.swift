// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// An op of whose result something can be expected when something is of its operands.
protocol MomentFlow: OpDefinition {
  /// Mean, deviation and range of the channels of the result; nil if they are not known.
  func moments(_ place: MomentOp) -> ChannelMoments?
}

extension MomentOp {
  /// What a layer makes of independent channels. The positions of a kernel see neighbours, which
  /// are much alike, so that their weights add up; where they cancel, each counts by itself.
  func linear() -> ChannelMoments? {
    guard let layer, let input = operand(0), let type = op.type(0) else { return nil }
    // Only the channels of axis 1 are told apart.
    let isTold = layer.inputChannelAxis == 1 && type.shape.rank > 1
    let moments = (isTold ? input : input.joined).spread(over: layer.inputChannels)
    let outputs = layer.outputChannels
    let means = layer.sums(of: moments.mean)
    var variance = Array(repeating: 0.0, count: outputs)
    var (below, above) = (variance, variance)
    let values = layer.weight.doubles()
    layer.forEachBlock { block, output, channel in
      let sum = block.reduce(0) { $0 + values[$1] }
      let squares = block.reduce(0) { $0 + values[$1] * values[$1] }
      let weight = max(sum * sum, squares)
      let (mean, deviation, low, high) = moments[channel]
      variance[output] += weight * deviation * deviation
      let (down, up) = sum < 0 ? (high - mean, mean - low) : (mean - low, high - mean)
      below[output] += weight * down * down
      above[output] += weight * up * up
    }
    let biases = layer.bias?.doubles() ?? Array(repeating: 0, count: outputs)
    let result = ChannelMoments(count: outputs) { i in
      let mean = means[i] + biases[i]
      return (
        mean, variance[i].squareRoot(), mean - below[i].squareRoot(), mean + above[i].squareRoot()
      )
    }
    return (layer.channelAxis == 1 ? result : result.joined).spread(over: channels)
  }

  /// What an op makes of elements that it moves, drops or repeats.
  func moved(slot: Int = 0) -> ChannelMoments? {
    guard let type = op.type(slot), let moments = operand(slot) else { return nil }
    let place = ChannelPlace(axis: 1, repeats: 1)
    guard type.shape.rank > 1, op.result.shape.rank > 1,
      let there = place.reshaped(from: type.shape, to: op.result.shape), there.axis == 1
    else { return moments.joined.spread(over: channels) }
    return moments.selecting((0..<channels).map { $0 / there.repeats })
  }
}

extension Convolution: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? { place.linear() }
}

extension TransposedConvolution: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? { place.linear() }
}

extension MatrixMultiply: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? { place.linear() }
}

extension BatchNorm: MomentFlow {
  /// Its scale and shift are the deviation and mean.
  func moments(_ place: MomentOp) -> ChannelMoments? {
    guard let scale = place.op.tensor(1), let shift = place.op.tensor(2) else { return nil }
    return ChannelMoments(
      mean: shift.doubles(), deviation: scale.doubles().map { abs($0) }, reach: place.reach)
  }
}

extension Pool: MomentFlow {
  /// The positions of a window are much alike: the mean and deviation of one. A maximum has a
  /// larger mean than that; how many elements of a window a sum has is not looked at.
  func moments(_ place: MomentOp) -> ChannelMoments? { kind == .sum ? nil : place.operand(0) }
}

extension Reduce: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? {
    switch kind {
    case .mean, .max, .min:
      let staysThere = !axes.contains(1) && (keepDimensions || !axes.contains(0))
      return (staysThere ? place.operand(0) : place.operand(0)?.joined)?
        .spread(over: place.channels)
    default: return nil
    }
  }
}

extension Reshape: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? { place.moved() }
}

extension Transpose: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? {
    let staysThere = permutation.count > 1 && permutation[1] == 1
    return (staysThere ? place.operand(0) : place.operand(0)?.joined)?.spread(over: place.channels)
  }
}

extension Slice: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? {
    let isWhole =
      place.op.type(0)?.shape.extents.dropFirst().first == place.channels
      && (steps.isEmpty || steps[1] > 0)
    return (isWhole ? place.operand(0) : place.operand(0)?.joined)?.spread(over: place.channels)
  }
}

extension Broadcast: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? { place.broadcast(0) }
}

extension Resize: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? {
    place.operand(0)?.spread(over: place.channels)
  }
}

extension Pad: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? {
    guard let inner = place.operand(0)?.spread(over: place.channels) else { return nil }
    guard mode == .constant else { return inner }
    guard let value = place.op.value(1) == nil ? 0 : place.op.tensor(1)?.uniformValue else {
      return nil
    }
    return ChannelMoments(count: inner.count) { i in
      let (mean, deviation, low, high) = inner[i]
      return (mean, deviation, min(low, value), max(high, value))
    }
  }
}

extension Concat: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? {
    var parts: [ChannelMoments] = []
    for slot in 0..<place.op.operandCount {
      guard let part = place.operand(slot) else { return nil }
      parts.append(part)
    }
    var all = ChannelMoments(mean: [], deviation: [], low: [], high: [])
    for part in parts {
      all.mean += part.mean
      all.deviation += part.deviation
      all.low += part.low
      all.high += part.high
    }
    if axis == 1 { return all.spread(over: place.channels) }
    // The same channel of each part.
    return ChannelMoments.joining(parts.map { $0.spread(over: place.channels) })
  }
}

extension ChannelMoments {
  /// Channel by channel what is expected of an element of one of several values.
  fileprivate static func joining(_ parts: [ChannelMoments]) -> ChannelMoments? {
    guard let first = parts.first else { return nil }
    return ChannelMoments(count: first.count) { i in
      let channel = ChannelMoments(
        mean: parts.map { $0.mean[i] }, deviation: parts.map { $0.deviation[i] },
        low: parts.map { $0.low[i] }, high: parts.map { $0.high[i] })
      return channel.joined[0]
    }
  }
}

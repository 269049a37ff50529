// SPDX-License-Identifier: Apache-2.0
import Evaluation
import GraphIR
import Tensors

extension Unary: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? {
    guard let input = place.operand(0), place.op.result.element.isFloat else { return nil }
    switch function {
    case .relu: return input.clipped(from: 0, to: .infinity)
    case .clip:
      guard alpha <= beta else { return nil }
      return input.clipped(from: Double(alpha), to: Double(beta))
    default: return through(input)
    }
  }

  /// The function at points of a normal distribution, each of which counts by its density.
  private func through(_ input: ChannelMoments) -> ChannelMoments? {
    let half = 60
    let steps = (-half...half).map { Double($0) * 6 / Double(half) }
    let weights = steps.map(NormalDistribution.density)
    let total = weights.reduce(0, +)
    let width = steps.count
    var points: [Double] = []
    for i in 0..<input.count {
      let (mean, deviation, low, high) = input[i]
      points += steps.map { min(max(mean + $0 * deviation, low), high) }
      points += steps.indices.map { low + (high - low) * Double($0) / Double(width - 1) }
    }
    guard let shape = Shape([points.count]) else { return nil }
    let tensor = Tensor(TensorType(.f32, shape), rounding: points)
    guard
      let made = try? evaluate(
        OperandTensors<Unary>([tensor]), resultTypes: [TensorType(.f32, shape)])[0].doubles()
    else { return nil }
    return ChannelMoments(count: input.count) { i in
      let start = 2 * i * width
      let values = made[start..<start + width]
      let mean = zip(values, weights).reduce(0) { $0 + $1.0 * $1.1 } / total
      let square = zip(values, weights).reduce(0) { $0 + $1.0 * $1.0 * $1.1 } / total
      let ends = made[start..<start + 2 * width]
      return (
        mean, max(0, square - mean * mean).squareRoot(), ends.min() ?? mean, ends.max() ?? mean
      )
    }
  }
}

extension Binary: MomentFlow {
  /// Of operands that do not depend on each other.
  func moments(_ place: MomentOp) -> ChannelMoments? {
    guard let a = place.broadcast(0), let b = place.broadcast(1) else { return nil }
    switch function {
    case .add: return Self.sum(a, b, sign: 1)
    case .sub: return Self.sum(a, b, sign: -1)
    case .mul: return Self.product(a, b)
    case .min, .max:
      // Only a bound has the same moments whatever it is compared with.
      guard let bound = Self.number(b), bound.isFinite else { return nil }
      return function == .min
        ? a.clipped(from: -.infinity, to: bound) : a.clipped(from: bound, to: .infinity)
    default: return nil
    }
  }

  /// The number that all elements are.
  private static func number(_ moments: ChannelMoments) -> Double? {
    let (low, high) = moments.range
    return low == high ? low : nil
  }

  /// How far a sum goes from its mean: the squares of the operands' ways add up, as those of
  /// deviations do.
  private static func sum(
    _ a: ChannelMoments, _ b: ChannelMoments, sign: Double
  ) -> ChannelMoments {
    func length(_ x: Double, _ y: Double) -> Double { (x * x + y * y).squareRoot() }
    return ChannelMoments(count: a.count) { i in
      let (p, q) = (a[i], b[i])
      let mean = p.mean + sign * q.mean
      let (down, up) = (q.mean - q.low, q.high - q.mean)
      return (
        mean, length(p.deviation, q.deviation),
        mean - length(p.mean - p.low, sign < 0 ? up : down),
        mean + length(p.high - p.mean, sign < 0 ? down : up)
      )
    }
  }

  private static func product(_ a: ChannelMoments, _ b: ChannelMoments) -> ChannelMoments {
    ChannelMoments(count: a.count) { i in
      let (p, q) = (a[i], b[i])
      let (u, v) = (p.mean * p.mean, q.mean * q.mean)
      let (s, t) = (p.deviation * p.deviation, q.deviation * q.deviation)
      let ends = [p.low * q.low, p.low * q.high, p.high * q.low, p.high * q.high]
      return (
        p.mean * q.mean, (s * t + s * v + t * u).squareRoot(), ends.min() ?? 0, ends.max() ?? 0
      )
    }
  }
}

extension Softmax: MomentFlow {
  /// Shares of one.
  func moments(_ place: MomentOp) -> ChannelMoments? {
    guard !logarithm, axis < place.op.result.shape.rank else { return nil }
    let count = Double(max(place.op.result.shape[axis], 1))
    return ChannelMoments(count: place.channels) { _ in
      (1 / count, (count - 1).squareRoot() / count, 0, 1)
    }
  }
}

extension Cast: MomentFlow {
  func moments(_ place: MomentOp) -> ChannelMoments? {
    place.op.result.element.isFloat ? place.operand(0) : nil
  }
}

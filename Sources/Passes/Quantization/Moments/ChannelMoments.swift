// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// What is expected of the channels of a value (the positions of axis 1; a value with fewer axes is
/// one channel): mean and deviation, and the range that hardly any element leaves.
struct ChannelMoments: Equatable {
  var mean: [Double]
  var deviation: [Double]
  var low: [Double]
  var high: [Double]

  /// The number of channels.
  var count: Int { mean.count }

  /// Numbers of a normal distribution, in a range of some deviations.
  init(mean: [Double], deviation: [Double], reach: Double) {
    self.mean = mean
    self.deviation = deviation
    low = zip(mean, deviation).map { $0 - reach * $1 }
    high = zip(mean, deviation).map { $0 + reach * $1 }
  }

  /// One channel for each element of the arrays.
  init(mean: [Double], deviation: [Double], low: [Double], high: [Double]) {
    (self.mean, self.deviation, self.low, self.high) = (mean, deviation, low, high)
  }

  /// Channels by a function that gives each.
  init(count: Int, _ channel: (Int) -> Channel) {
    self.init(mean: [], deviation: [], low: [], high: [])
    for i in 0..<count {
      let (mean, deviation, low, high) = channel(i)
      self.mean.append(mean)
      self.deviation.append(deviation)
      self.low.append(low)
      self.high.append(high)
    }
  }

  typealias Channel = (mean: Double, deviation: Double, low: Double, high: Double)

  subscript(channel: Int) -> Channel {
    (mean[channel], deviation[channel], low[channel], high[channel])
  }

  /// Channels that are copies of others.
  func selecting(_ channels: some Sequence<Int>) -> ChannelMoments {
    let channels = Array(channels)
    return ChannelMoments(count: channels.count) { self[channels[$0]] }
  }

  /// All channels as one: what is expected of an element of which the channel is not known.
  var joined: ChannelMoments {
    guard count > 1 else { return self }
    let mean = self.mean.reduce(0, +) / Double(count)
    let square = zip(self.mean, deviation).reduce(0) { $0 + $1.0 * $1.0 + $1.1 * $1.1 }
    let variance = max(0, square / Double(count) - mean * mean)
    return ChannelMoments(
      mean: [mean], deviation: [variance.squareRoot()], low: [low.min() ?? 0],
      high: [high.max() ?? 0])
  }

  /// The same for another number of channels: as they are if there are as many, else all of them
  /// like all of these together.
  func spread(over channels: Int) -> ChannelMoments {
    count == channels ? self : joined.selecting(repeatElement(0, count: channels))
  }

  /// The range of all channels.
  var range: (low: Double, high: Double) { (low.min() ?? 0, high.max() ?? 0) }

  /// Whether every number is finite.
  var isFinite: Bool {
    [mean, deviation, low, high].allSatisfy { $0.allSatisfy(\.isFinite) }
  }

  /// The elements cut to a range (Nagel et al. 2019, appendix C: the moments of a normal
  /// distribution whose tails are moved to the ends of the range).
  func clipped(from a: Double, to b: Double) -> ChannelMoments {
    ChannelMoments(count: count) { i in
      let (first, second) = Self.clipped(mean[i], deviation[i], from: a, to: b)
      return (
        first, max(0, second - first * first).squareRoot(), min(max(low[i], a), b),
        min(max(high[i], a), b)
      )
    }
  }

  /// Mean and mean square of a normal distribution cut to a range; b may be infinite.
  static func clipped(
    _ mean: Double, _ deviation: Double, from a: Double, to b: Double
  ) -> (first: Double, second: Double) {
    guard deviation > 0 else {
      let x = min(max(mean, a), b)
      return (x, x * x)
    }
    let (p, q) = ((a - mean) / deviation, (b - mean) / deviation)
    let below = a == -.infinity ? 0 : NormalDistribution.share(below: p)
    let above = b == .infinity ? 0 : 1 - NormalDistribution.share(below: q)
    let inside = 1 - below - above
    let (atA, atB) = (NormalDistribution.density(p), NormalDistribution.density(q))
    func weighed(_ x: Double, _ share: Double) -> Double { share == 0 ? 0 : x * share }
    let first =
      mean * inside + deviation * (atA - atB) + weighed(a, below) + weighed(b, above)
    let second =
      (mean * mean + deviation * deviation) * inside + 2 * mean * deviation * (atA - atB)
      + deviation * deviation * (weighed(p, atA) - weighed(q, atB)) + weighed(a * a, below)
      + weighed(b * b, above)
    return (first, second)
  }
}

/// The normal distribution with mean 0 and deviation 1.
enum NormalDistribution {
  static func density(_ x: Double) -> Double {
    Mathematics.exp(-x * x / 2) / (2 * Double.pi).squareRoot()
  }

  /// How much of it lies below a number.
  static func share(below x: Double) -> Double {
    (1 + Mathematics.erf(x / 2.0.squareRoot())) / 2
  }
}

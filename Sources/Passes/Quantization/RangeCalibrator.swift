// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
import Rewriting
import Tensors

/// How the range of an activation is chosen from its elements over the samples.
public enum RangeCalibrator: String, AttributeWord {
  /// All of them.
  case minMax = "min-max"
  /// All but the rarest at both ends.
  case percentile
  /// The range whose grid has the least squared error.
  case mse
  /// The range whose grid tells most of the distribution: the least Kullback-Leibler divergence
  /// (Migacz, "8-bit inference with TensorRT", GTC 2017).
  case entropy

  /// Whether the ends of the range alone are not enough.
  var needsBins: Bool { self != .minMax }

  /// The range for a grid of an element type.
  ///
  /// - Parameter share: What part of the elements stays inside, for `percentile`: 0 to 1.
  func range(
    of histogram: ValueHistogram, share: Double, _ element: ElementType, isSymmetric: Bool
  ) -> (low: Double, high: Double) {
    let whole = (low: min(histogram.low, 0), high: max(histogram.high, 0))
    guard histogram.total > 0, histogram.step > 0 else { return whole }
    switch self {
    case .minMax: return whole
    case .percentile: return Self.quantiles(histogram, share)
    case .mse:
      return Self.shrunk(whole, from: 0.2) { low, high in
        Self.squaredError(
          histogram, IntegerGrid(element, from: low, to: high, isSymmetric: isSymmetric))
      }
    case .entropy:
      let most = 1 << element.bitCount
      // With more levels than parts every range tells all.
      guard most < ValueHistogram.binCount else { return whole }
      let bins = Self.withoutZeros(histogram)
      return Self.shrunk(whole, from: Double(most) / Double(ValueHistogram.binCount)) { low, high in
        // A symmetric grid may have half of its levels where there is nothing.
        let grid = IntegerGrid(element, from: low, to: high, isSymmetric: isSymmetric)
        let levels = Int(((high - low) / Double(grid.scale)).rounded()) + 1
        return Self.divergence(
          bins, histogram, low: low, high: high, levels: min(max(levels, 1), most))
      }
    }
  }

  private static func quantiles(
    _ histogram: ValueHistogram, _ share: Double
  ) -> (low: Double, high: Double) {
    let outside = Double(histogram.total) * (1 - share) / 2
    func edge(_ order: some Sequence<Int>) -> Int {
      var sum = 0.0
      for bin in order {
        sum += Double(histogram.bins[bin])
        if sum > outside { return bin }
      }
      return 0
    }
    let first = edge(histogram.bins.indices)
    let last = edge(histogram.bins.indices.reversed())
    return (
      min(histogram.low + Double(first) * histogram.step, 0),
      max(histogram.low + Double(last + 1) * histogram.step, 0)
    )
  }

  /// The best part of a range: first both ends are drawn in by one factor, then each by itself.
  private static func shrunk(
    _ whole: (low: Double, high: Double), from least: Double,
    _ cost: (Double, Double) -> Double
  ) -> (low: Double, high: Double) {
    var best = whole
    var lowest = cost(whole.low, whole.high)
    func attempt(_ low: Double, _ high: Double) {
      let found = cost(low, high)
      if found < lowest { (best, lowest) = ((low, high), found) }
    }
    let factors = (0..<64).map { least + (1 - least) * Double($0) / 64 }.reversed()
    for factor in factors { attempt(whole.low * factor, whole.high * factor) }
    guard whole.low < 0, whole.high > 0 else { return best }
    let low = best.low
    for factor in factors { attempt(low, whole.high * factor) }
    let high = best.high
    for factor in factors { attempt(whole.low * factor, high) }
    return best
  }

  private static func squaredError(_ histogram: ValueHistogram, _ grid: IntegerGrid) -> Double {
    var sum = 0.0
    for (bin, count) in histogram.bins.enumerated() where count > 0 {
      let x = histogram.center(bin)
      let error = x - grid.rounded(x)
      sum += error * error * Double(count)
    }
    return sum
  }

  /// The counts with as many elements at zero as beside it: a rectifier makes half of all elements
  /// zero, which every grid holds exactly, and spreading them over a step would count as a loss.
  private static func withoutZeros(_ histogram: ValueHistogram) -> [Double] {
    var bins = histogram.bins.map(Double.init)
    guard histogram.low <= 0, histogram.high >= 0 else { return bins }
    let zero = Int(min(max(-histogram.low / histogram.step, 0), Double(bins.count - 1)))
    bins[zero] = zero + 1 < bins.count ? bins[zero + 1] : bins[zero - 1]
    return bins
  }

  /// The divergence of the clipped distribution from what `levels` steps between low and high keep
  /// of it: within a step the elements are spread evenly over the parts that hold any.
  private static func divergence(
    _ bins: [Double], _ histogram: ValueHistogram, low: Double, high: Double, levels: Int
  ) -> Double {
    func bin(_ x: Double) -> Int {
      let place = ((x - histogram.low) / histogram.step).rounded()
      return Int(min(max(place, 0), Double(ValueHistogram.binCount)))
    }
    let (first, end) = (bin(low), bin(high))
    guard end - first >= levels else { return .infinity }
    let inside = Array(bins[first..<end])
    var clipped = inside
    clipped[0] += bins[..<first].reduce(0, +)
    clipped[clipped.count - 1] += bins[end...].reduce(0, +)
    let total = clipped.reduce(0, +)
    let kept = inside.reduce(0, +)
    guard total > 0, kept > 0 else { return .infinity }
    var sum = 0.0
    for level in 0..<levels {
      let start = level * inside.count / levels
      let stop = (level + 1) * inside.count / levels
      let mass = inside[start..<stop].reduce(0, +)
      let filled = clipped[start..<stop].count { $0 > 0 }
      guard filled > 0 else { continue }
      // What the clipped ends hold and the inside does not is as good as lost.
      let even = max(mass / Double(filled) / kept, 1e-12)
      for p in clipped[start..<stop] where p > 0 {
        sum += p / total * Mathematics.log(p / total / even)
      }
    }
    return sum
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import Tensors

/// How the elements of a value are spread over the samples: their range, then how many lie in each
/// of equal parts of it. Its size does not depend on the number of samples.
public struct ValueHistogram: Equatable, Sendable {
  /// How many parts the range has.
  public static let binCount = 2048

  /// The smallest and largest element so far; empty as long as low > high.
  public private(set) var low = Double.infinity
  public private(set) var high = -Double.infinity
  /// The elements in each part; empty before they are counted.
  public private(set) var bins: [Int] = []

  /// Of no elements.
  public init() {}

  /// Of elements of which the range alone is known: finite numbers, low ≤ high.
  public init(low: Double, high: Double) { (self.low, self.high) = (low, high) }

  /// What was saved: finite numbers, low ≤ high, no bins or `binCount` of them.
  init(low: Double, high: Double, bins: [Int]) {
    (self.low, self.high, self.bins) = (low, high, bins)
  }

  /// Whether no element was seen.
  public var isEmpty: Bool { low > high }

  /// Widens the range to hold the elements of a tensor of f32; false if one is not a finite number.
  public mutating func widen(over tensor: Tensor) -> Bool {
    var (low, high) = (Float.infinity, -Float.infinity)
    let isFinite = tensor.bytes.withUnsafeBytes { memory in
      var total: Float = 0
      for i in 0..<tensor.count {
        let x = memory.loadUnaligned(fromByteOffset: i * 4, as: Float.self)
        low = x < low ? x : low
        high = x > high ? x : high
        // 0 for every number, NaN for what is none and stays so.
        total += x * 0
      }
      return total == 0
    }
    guard isFinite else { return false }
    self.low = min(self.low, Double(low))
    self.high = max(self.high, Double(high))
    return true
  }

  /// Counts the elements of a tensor of f32; those outside the range count at its ends.
  public mutating func count(_ tensor: Tensor) {
    if bins.isEmpty { bins = Array(repeating: 0, count: Self.binCount) }
    let (low, width) = (Float(low), Float(high - low))
    let factor = width > 0 ? Float(Self.binCount) / width : 0
    let last = Float(Self.binCount - 1)
    bins.withUnsafeMutableBufferPointer { bins in
      tensor.bytes.withUnsafeBytes { memory in
        for i in 0..<tensor.count {
          let x = memory.loadUnaligned(fromByteOffset: i * 4, as: Float.self)
          let place = min(max((x - low) * factor, 0), last)
          // The samples may differ from those of the first run: NaN would not convert.
          bins[place == place ? Int(place) : 0] += 1
        }
      }
    }
  }

  /// The width of a part.
  public var step: Double { (high - low) / Double(Self.binCount) }

  /// The middle of a part.
  public func center(_ bin: Int) -> Double { low + (Double(bin) + 0.5) * step }

  /// The number of elements counted.
  public var total: Int { bins.reduce(0, +) }
}

// SPDX-License-Identifier: Apache-2.0
import Tensors

/// The numbers that an integer type stands for: (q − zeroPoint) · scale for each q between its
/// limits (Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
/// Integer-Arithmetic-Only Inference", equation 1). Zero is one of them exactly.
struct IntegerGrid: Hashable {
  let element: ElementType
  /// The smallest and largest integer that is used.
  let lowest: Int
  let highest: Int
  /// Positive and a normal number.
  let scale: Float
  let zeroPoint: Int

  /// The grid that reaches over a range, which is widened to hold zero. A range of nothing but zero
  /// gets the scale 1.
  ///
  /// - Parameters:
  ///   - isSymmetric: The zero point is the middle of the type, the most negative integer unused.
  init(_ element: ElementType, from low: Double, to high: Double, isSymmetric: Bool) {
    self.element = element
    let (low, high) = (min(low, 0), max(high, 0))
    let limits = element.integerRange ?? 0...1
    let (least, most) = (Int(limits.lowerBound), Int(limits.upperBound))
    if isSymmetric {
      let middle = least < 0 ? 0 : (most + 1) / 2
      (lowest, highest) = (2 * middle - most, most)
      scale = Self.usable(max(-low, high) / Double(highest - middle))
      zeroPoint = middle
    } else {
      (lowest, highest) = (least, most)
      scale = Self.usable((high - low) / Double(highest - lowest))
      let offset = Double(lowest) - low / Double(scale)
      zeroPoint = Int(min(max(offset.rounded(), Double(lowest)), Double(highest)))
    }
  }

  private init(_ grid: IntegerGrid, scale: Float) {
    (element, lowest, highest) = (grid.element, grid.lowest, grid.highest)
    self.scale = scale
    // The middle of a symmetric grid stays; the other end of a wider one reaches further.
    let low = Double(grid.lowest - grid.zeroPoint) * Double(grid.scale) / Double(scale)
    let isMiddle = grid.zeroPoint - grid.lowest == grid.highest - grid.zeroPoint
    zeroPoint = isMiddle ? grid.zeroPoint : grid.lowest - Int(low.rounded())
  }

  /// The grid of at least the same range whose scale is the next power of two.
  func withPowerOfTwo() -> IntegerGrid {
    let exact = scale.significand == 1 || scale.exponent >= Float.greatestFiniteMagnitude.exponent
    let power = Float(sign: .plus, exponent: scale.exponent + (exact ? 0 : 1), significand: 1)
    return IntegerGrid(self, scale: power)
  }

  /// A step as a normal number of single precision; 1 if there is none.
  private static func usable(_ step: Double) -> Float {
    guard step > 0 else { return 1 }
    let rounded = Float(min(step, Double(Float.greatestFiniteMagnitude)))
    return max(rounded, Float.leastNormalMagnitude)
  }

  /// The number of the grid that is nearest.
  func rounded(_ x: Double) -> Double {
    let q = (x / Double(scale)).rounded(.toNearestOrEven) + Double(zeroPoint)
    return (min(max(q, Double(lowest)), Double(highest)) - Double(zeroPoint)) * Double(scale)
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
import GraphIR
import Tensors

/// How the range of weights that integers stand for is chosen, for each scale.
public enum WeightRange: String, AttributeWord {
  /// The largest weight.
  case max
  /// The range whose grid has the least squared error: with few bits it pays to cut large weights
  /// off.
  case mse
}

/// What scales may be.
public enum ScaleForm: String, AttributeWord {
  case any
  /// Powers of two: fixed point numbers, brought from one to the other by a shift.
  case powerOfTwo = "power-of-two"
}

/// The scales of a weight.
struct WeightGrids {
  /// The integers that weights become, in the order of their size. Those of 8 and 16 bits leave the
  /// most negative one out, whose square overflows sums of two products; of 4 bits every one counts.
  static func limits(_ element: ElementType) -> ClosedRange<Int> {
    let range = element.integerRange ?? 0...1
    let (least, most) = (Int(range.lowerBound), Int(range.upperBound))
    return (element.bitCount > 4 && least < 0 ? -most : least)...most
  }

  /// The integer next to a number in units of the scale.
  static func nearest(_ x: Double, _ limits: ClosedRange<Int>) -> Int {
    let q = x.rounded(.toNearestOrEven)
    return Int(min(max(q, Double(limits.lowerBound)), Double(limits.upperBound)))
  }

  let element: ElementType
  let range: WeightRange
  let scales: ScaleForm

  /// The reach of the grid of each group of weights.
  func reach(of groups: [[Double]]) -> [Double] {
    groups.map { values in
      let largest = values.reduce(0) { Swift.max($0, abs($1)) }
      return range == .max ? largest : leastError(values, largest)
    }
  }

  /// A symmetric grid that reaches so far.
  func grid(_ reach: Double) -> IntegerGrid {
    let grid = IntegerGrid(element, from: -reach, to: reach, isSymmetric: true)
    return scales == .any ? grid : grid.withPowerOfTwo()
  }

  private func leastError(_ values: [Double], _ largest: Double) -> Double {
    let limits = Self.limits(element)
    let (least, most) = (Double(limits.lowerBound), Double(limits.upperBound))
    var best = (reach: largest, error: Double.infinity)
    for part in 0..<80 {
      let reach = largest * (1 - Double(part) / 100)
      let scale = Double(grid(reach).scale)
      var error = 0.0
      for value in values {
        let q = (value / scale).rounded(.toNearestOrEven)
        let difference = value - Swift.min(Swift.max(q, least), most) * scale
        error += difference * difference
      }
      if error < best.error { best = (reach, error) }
    }
    return best.reach
  }
}

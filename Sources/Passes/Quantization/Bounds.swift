// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// The bounds (relu, clip) between a value and the one that they were made from. Nothing reads these
/// but bounds and quantizes with one scale, so that each of them can compute with integers.
struct Bounds {
  /// The most readers that are looked at.
  private static let most = 16
  /// What is bounded.
  private(set) var value: ValueID
  private var low = -Double.infinity
  private var high = Double.infinity

  /// Looks upwards from a value.
  init(above value: ValueID, _ rw: borrowing Rewriter) throws(Declined) {
    self.value = value
    while true {
      try Self.requireOnlyQuantized(self.value, rw)
      guard let producer = rw.graph.producer(of: self.value),
        let unary = rw.graph.definition(of: producer) as? Unary,
        let input = rw.graph.operands(of: producer)[0]
      else { return }
      switch unary.function {
      case .relu: bound(0, .infinity)
      case .clip:
        guard !unary.alpha.isNaN, !unary.beta.isNaN else { return }
        bound(Double(unary.alpha), Double(unary.beta))
      default: return
      }
      self.value = input
    }
  }

  /// Takes bounds in front of those known so far, which bound them too.
  private mutating func bound(_ least: Double, _ most: Double) {
    (low, high) = (min(max(least, low), high), min(max(most, low), high))
  }

  /// Declines if anything reads a value, itself or within bounds, that is no quantize with one scale.
  private static func requireOnlyQuantized(
    _ value: ValueID, _ rw: borrowing Rewriter
  ) throws(Declined) {
    if rw.graph.hasSingleUse(value) { return }
    var open = [value]
    var readers = 0
    while let next = open.popLast() {
      if rw.graph.isOutput(next) { return try rw.requireSingleUse(value) }
      for reader in rw.graph.uses(of: next) {
        readers += 1
        guard readers <= most else { return try rw.requireSingleUse(value) }
        if let unary = rw.graph.definition(of: reader.user) as? Unary,
          unary.function == .relu || unary.function == .clip
        {
          open += rw.graph.results(of: reader.user)
          continue
        }
        guard reader.slot == 0, let quantize = rw.graph.op(reader.user, as: Quantize.self),
          let grid = try? ScaledIntegers(of: quantize, rw), grid.scales.count == 1
        else { return try rw.requireSingleUse(value) }
      }
    }
  }

  /// The bounds as integers where the type's own limits do not imply them.
  func integers(on grid: ScaledIntegers) -> [(BinaryFunction, Int)] {
    guard let limits = grid.element.integerRange else { return [] }
    var bounds: [(BinaryFunction, Int)] = []
    let lowest = low == -.infinity ? Int(limits.lowerBound) : grid.integer(of: low)
    if lowest > limits.lowerBound { bounds.append((.max, lowest)) }
    let highest = high == .infinity ? Int(limits.upperBound) : grid.integer(of: high)
    if highest < limits.upperBound { bounds.append((.min, highest)) }
    return bounds
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// The bounds (relu, clip) between a value and the one that they were made from, each read once.
struct Bounds {
  /// What is bounded.
  private(set) var value: ValueID
  private var low = -Double.infinity
  private var high = Double.infinity

  /// Looks upwards from a value.
  init(above value: ValueID, _ rw: borrowing Rewriter) throws(Declined) {
    self.value = value
    while true {
      try rw.requireSingleUse(self.value)
      guard let producer = rw.graph.producer(of: self.value),
        let unary = rw.graph.definition(of: producer) as? Unary,
        let input = rw.graph.operands(of: producer)[0]
      else { return }
      switch unary.function {
      case .relu: low = max(low, 0)
      case .clip:
        low = max(low, Double(unary.alpha))
        high = min(high, Double(unary.beta))
      default: return
      }
      self.value = input
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

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// The integers that a value can hold.
enum IntegerRange {
  /// Those of the type, within the bounds of the ops that made the value: at most 4 of them are looked
  /// at.
  static func of(_ value: ValueID, in graph: Graph) -> ClosedRange<Int> {
    let limits = graph.type(of: value).element.integerRange ?? 0...0
    var (low, high) = (Int(limits.lowerBound), Int(limits.upperBound))
    var value = value
    for _ in 0..<4 {
      guard let op = graph.producer(of: value),
        let binary = graph.definition(of: op) as? Binary,
        let source = graph.operands(of: op)[0], let bound = graph.operands(of: op)[1],
        let number = graph.tensor(bound)?.uniformValue
      else { break }
      switch binary.function {
      case .max: low = max(low, min(Int(number), high))
      case .min: high = min(high, max(Int(number), low))
      default: return low...high
      }
      value = source
    }
    return low...high
  }

  /// The largest difference to a zero point.
  static func reach(of value: ValueID, zero: Int, in graph: Graph) -> Int {
    let range = of(value, in: graph)
    return max(abs(range.lowerBound - zero), abs(range.upperBound - zero))
  }
}

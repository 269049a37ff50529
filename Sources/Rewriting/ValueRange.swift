// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// What is certain of a value's range.
public enum ValueRange {
  /// Whether no element of the value is negative (it may be NaN), as far as the ops in front of it
  /// tell. Looks through ops that only move elements, at most 16 of them.
  public static func isNonNegative(_ value: ValueID, in graph: Graph) -> Bool {
    var value = value
    for _ in 0..<16 {
      guard let op = graph.producer(of: value) else { return false }
      let definition = graph.definition(of: op)
      switch definition {
      case let unary as Unary: return isNonNegative(unary)
      case let softmax as Softmax: return !softmax.logarithm
      case let reduce as Reduce:
        switch reduce.kind {
        case .l1, .l2, .sumOfSquares: return true
        case .max, .min, .mean: break
        case .sum, .product, .logSum, .logSumExp: return false
        }
      case is Pool, is Reshape, is Transpose, is Slice, is Broadcast: break
      default: return false
      }
      guard let input = graph.operands(of: op)[0] else { return false }
      value = input
    }
    return false
  }

  private static func isNonNegative(_ unary: Unary) -> Bool {
    switch unary.function {
    case .relu, .sigmoid, .exp, .sqrt, .abs, .acos, .cosh, .acosh, .softplus, .hardSigmoid: true
    case .clip: unary.alpha >= 0
    default: false
    }
  }
}

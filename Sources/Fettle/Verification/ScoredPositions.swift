// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// The elements among which an op looks for the position of the largest or smallest.
struct ScoredPositions {
  private let scores: [Double]
  private let tolerance: Double
  private let isSmallest: Bool
  private let form: Form

  private enum Form {
    /// Results are positions along an axis with so many elements, each so far from the next.
    case axis(extent: Int, inner: Int)
    /// Results are flat positions.
    case flat
    /// Flat positions, the first spatial axis fastest.
    case columns(spatial: [Int])
  }

  /// The elements that an op compares; nil for an op that looks for no position.
  init?(_ definition: any OpDefinition, _ operands: [Tensor?], _ tolerances: [Double]) {
    guard let operand = operands.first ?? nil else { return nil }
    let extents = operand.shape.extents
    switch definition {
    case let op as ArgReduce:
      form = .axis(extent: extents[op.axis], inner: extents[(op.axis + 1)...].reduce(1, *))
      isSmallest = op.kind == .min
    case let op as MaxPoolIndices:
      form = op.columnMajor ? .columns(spatial: Array(extents[2...])) : .flat
      isSmallest = false
    default: return nil
    }
    scores = operand.doubles()
    tolerance = tolerances[0]
  }

  /// Whether the element at a position may be the one that is looked for, if that at another is.
  func isTied(_ found: Double, with expected: Double, at result: Int) -> Bool {
    guard let x = score(expected, at: result), let y = score(found, at: result) else { return false }
    return isSmallest ? y <= x + 2 * tolerance : y >= x - 2 * tolerance
  }

  private func score(_ position: Double, at result: Int) -> Double? {
    guard position >= 0, position < Double(scores.count) else { return nil }
    let position = Int(position)
    switch form {
    case .axis(let extent, let inner):
      guard position < extent else { return nil }
      return scores[(result / inner * extent + position) * inner + result % inner]
    case .flat: return scores[position]
    case .columns(let spatial):
      let size = spatial.reduce(1, *)
      var (rest, flat) = (position % size, 0)
      var stride = size
      for extent in spatial {
        stride /= extent
        flat += rest % extent * stride
        rest /= extent
      }
      return scores[position / size * size + flat]
    }
  }
}

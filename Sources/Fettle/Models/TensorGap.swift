// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import GraphIR
import Tensors

/// How far two tensors are apart.
struct TensorGap {
  /// The largest absolute difference; infinite if types differ or a NaN stands against a number.
  let absolute: Double
  /// The largest magnitude expected.
  let scale: Double
  /// The flat position of the largest difference.
  let position: Int
  private let mismatch: String?

  init(expected: Tensor, found: Tensor) {
    var worst = 0.0
    var scale = 0.0
    var position = 0
    if expected.type != found.type {
      mismatch = "\(found.type) in place of \(expected.type)"
      worst = .infinity
    } else {
      mismatch = nil
      for (i, (x, y)) in zip(expected.doubles(), found.doubles()).enumerated() {
        if x.isFinite { scale = max(scale, abs(x)) }
        let same = x == y || x.isNaN && y.isNaN
        let gap = same ? 0 : (x - y).isNaN ? .infinity : abs(x - y)
        if gap > worst { (worst, position) = (gap, i) }
      }
    }
    absolute = worst
    self.scale = scale
    self.position = position
  }

  /// The difference as a share of the largest magnitude.
  var relative: Double { absolute == 0 ? 0 : absolute / max(scale, .leastNormalMagnitude) }

  /// Whether the gap is no wider than asked; relative tolerances are of the largest magnitude.
  func isWithin(_ tolerance: CheckTolerance) -> Bool {
    switch tolerance {
    case .exact: absolute == 0
    case .absolute(let limit): absolute <= limit
    case .relative(let limit): relative <= limit
    }
  }

  /// `by 1.2e-05 (3.1e-06 of the largest) at 17`.
  var text: String {
    let share = scale == 0 ? "where all are 0" : "\(Float(relative)) of the largest"
    return mismatch ?? "by \(Float(absolute)) (\(share)) at element \(position)"
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// How far the outputs of one graph are from those of another, over samples.
struct OutputError {
  /// The largest absolute difference; infinite where a NaN stands against a number.
  private(set) var maxAbsolute = 0.0
  /// Sums of squares of what was expected and of the differences.
  private var signal = 0.0
  private var noise = 0.0
  private var sameTop = 0
  private var count = 0
  private var hasTop = false

  /// Enters the outputs of a sample.
  mutating func add(expected: [Tensor], found: [Tensor]) {
    count += 1
    for (x, y) in zip(expected, found) { add(x, y) }
    if expected.count != found.count { maxAbsolute = .infinity }
    guard let x = expected.first, let y = found.first, x.count > 1 || x.element.isInteger else { return }
    hasTop = true
    if Accuracy.largest(x) == Accuracy.largest(y) { sameTop += 1 }
  }

  private mutating func add(_ x: Tensor, _ y: Tensor) {
    guard x.count == y.count else {
      maxAbsolute = .infinity
      return
    }
    for (a, b) in zip(x.doubles(), y.doubles()) where !(a == b || a.isNaN && b.isNaN) {
      let gap = (a - b).isNaN ? .infinity : abs(a - b)
      maxAbsolute = max(maxAbsolute, gap)
      noise += gap * gap
    }
    signal += x.doubles().reduce(0) { $1.isFinite ? $0 + $1 * $1 : $0 }
  }

  /// The signal-to-noise ratio in decibels; infinite if nothing differs.
  var decibels: Double {
    relativeNoise == 0
      ? .infinity : -10 * Mathematics.log(relativeNoise) / Mathematics.log(10)
  }

  /// The squares of the differences as a share of those of what was expected: 0 if nothing differs.
  var relativeNoise: Double {
    let share = noise == 0 ? 0 : noise / signal
    return share.isNaN ? .infinity : share
  }

  /// The share of samples with the same largest element of the first output; nil where that says
  /// nothing.
  var agreement: Double? { hasTop && count > 0 ? Double(sameTop) / Double(count) : nil }
}

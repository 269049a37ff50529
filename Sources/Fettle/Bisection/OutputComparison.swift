// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The outputs of two graphs on the same samples.
struct OutputComparison {
  /// The largest difference of an element, as a share of the largest in its tensor.
  private(set) var worst = 0.0
  /// In how many rows the largest element of the first output stands where it stood, and of how
  /// many.
  private(set) var agreeing = 0
  private(set) var rows = 0
  /// The first sample that is off, the positions of its outputs that are, and how.
  private(set) var fault: (sample: Int, outputs: [Int], text: String)?

  /// Compares the outputs, by sample and port.
  init(
    _ expected: [[Tensor]], _ found: [[Tensor]], ports: [OutputPort], tolerance: BisectTolerance
  ) {
    var firstDisagreement: Int?
    for (sample, pair) in zip(expected, found).enumerated() {
      var outputs: [Int] = []
      var text = ""
      for (i, (x, y)) in zip(pair.0, pair.1).enumerated() {
        let gap = TensorGap(expected: x, found: y)
        worst = max(worst, gap.relative)
        if !tolerance.allows(gap) {
          if outputs.isEmpty {
            text = "output '\(ports[i].name)' differs \(gap.text), sample \(sample)"
          }
          outputs.append(i)
        }
        guard i == 0 else { continue }
        let (a, b) = (BisectTolerance.classes(x), BisectTolerance.classes(y))
        let same = zip(a, b).count { $0 == $1 }
        (agreeing, rows) = (agreeing + same, rows + a.count)
        if same < a.count, firstDisagreement == nil { firstDisagreement = sample }
      }
      if fault == nil, !outputs.isEmpty { fault = (sample, outputs, text) }
    }
    if case .topOne(let share) = tolerance, let sample = firstDisagreement,
      Double(agreeing) < share * Double(rows)
    {
      fault = (
        sample, [0],
        "output '\(ports[0].name)' has its largest element elsewhere in \(rows - agreeing) of \(rows) rows"
      )
    }
  }

  /// `agrees to 1.5e-06 of the largest`.
  var text: String {
    let classes = rows > agreeing ? ", top-1 \(agreeing) of \(rows)" : ""
    return worst == 0 ? "agrees exactly" : "agrees to \(Float(worst)) of the largest\(classes)"
  }
}

// SPDX-License-Identifier: Apache-2.0

/// Faults that change no result, by kind and lowering, with the place, the sample and the target, and why.
enum MutantsWithoutEffect {
  private static let reasons: [(kind: MutantKind, places: [String: [String]], reason: String)] = [
    (
      .accumulatorStartedWrong,
      [
        "blocked-conv": [
          "acc (chain of convolutions, x86-64-v4)",
          "acc (chain of convolutions, x86-64-v4)",
          "acc (cut windows, x86-64-v3)",
        ],
        "byte-depthwise": ["acc (byte layers, m4)", "acc (byte layers, m55)"],
        "depthwise-conv": ["acc (byte layers, aarch64-dotprod)", "acc (byte layers, x86-64-v4 avx512-vnni)"],
        "dot-conv": [
          "acc (byte layers, aarch64-dotprod)",
          "acc (byte layers, aarch64-dotprod)",
          "acc (byte layers, x86-64-v4 avx512-vnni)",
        ],
        "dot-matmul": ["acc (byte layers, aarch64-dotprod)", "acc (byte layers, x86-64-v4 avx512-vnni)"],
        "gathered-conv-transpose": ["acc (chain of convolutions, c99)", "acc (chain of convolutions, x86-64-v4)"],
        "generic-conv": ["acc (chain of convolutions, c99)", "acc (chain of convolutions, c99)", "acc (chain of convolutions, c99)"],
        "max-pool-indices": ["best (windows, c99)", "winner (windows, x86-64-v3)"],
        "pool": ["acc (windows, c99)", "acc (windows, x86-64-v3)"],
        "reduce": ["acc (reductions, m4)"],
        "run-conv": ["acc (byte layers, m55)", "acc (byte layers, m55)"],
        "run-matmul": ["acc (byte layers, m55)"],
        "softmax": ["acc (reductions, m4)", "acc (reductions, m4)"],
        "word-conv": ["acc (byte layers, m4)", "acc (byte layers, m4)"],
        "word-matmul": ["acc (byte layers, m4)"],
      ], "each element is set, to the bias or to the first operand, before it is read"
    ),
    (
      .accumulatorNotSet,
      [
        "generic-conv": ["acc (chain of convolutions, c99)"],
        "reduce": ["acc (reductions, m4)"],
        "softmax": ["total (reductions, x86-64-v3)"],
      ], "without a bias a sum starts at the 0 that it was declared with"
    ),
    (
      .clampDropped,
      [
        "interpolated-resize": ["p (resizes, c99)", "p (resizes, x86-64-v3)"],
      ], "rows that lie outside were told apart before"
    ),
    (
      .loadIndexPlusOne,
      [
        "reduce": ["parameter 0 (reductions, m4)"],
      ], "a maximum may start from any of its elements"
    ),
    (
      .loadIndexMinusOne,
      [
        "reduce": ["parameter 0 (reductions, m4)"],
      ], "a maximum may start from any of its elements"
    ),
    (
      .swappedLoadStrides,
      [
        "reduce": ["parameter 0 (reductions, m4)"],
      ], "a maximum may meet its elements in any order"
    ),
    (
      .oneIterationMore,
      [
        "blocked-conv": ["d3 -1...5 (chain of convolutions, x86-64-v4)"],
        "nearest-resize": ["d3 0...2 (resizes, c99)", "d3 2...4 (resizes, c99)"],
        "pad": ["d3 0...1 (movements, m4)"],
      ], "what is written too much is written again afterwards"
    ),
    (
      .wholeForPart,
      [
        "blocked-conv": ["d3 -1...5 (chain of convolutions, x86-64-v4)"],
        "nearest-resize": ["d2 0...1 (resizes, c99)"],
        "pad": ["d3 0...21 (movements, m4)", "d1 0...1 (movements, m4)", "d3 19...21 (movements, x86-64-v3)"],
      ], "what is written too much is written again afterwards"
    ),
    (
      .oneIterationMore,
      [
        "dot-conv": ["d1 0...2 (byte layers, aarch64-dotprod)"],
        "dot-matmul": ["d1 0...3 (byte layers, aarch64-dotprod)"],
      ], "what is written too much is filling of a block"
    ),
    (
      .wholeForPart,
      [
        "dot-conv": ["d1 0...2 (byte layers, aarch64-dotprod)"],
        "run-conv": ["d1 0...2 (byte layers, m55)"],
      ], "what is written too much is filling of a block"
    ),
    (
      .stepsSwapped,
      [
        "blocked-conv": ["step 1 (chain of convolutions, x86-64-v4)"],
        "dot-conv": ["step 1 (byte layers, aarch64-dotprod)"],
        "elementwise": ["step 2 (concats, m4)"],
        "run-conv": ["step 0 (byte layers, m55)"],
      ], "they write different elements of one tensor: its border and its inside, or two parts of a concat"
    ),
    (
      .sumForDifference,
      [
        "byte-depthwise": ["i32 (byte layers, m55)"],
      ], "the zero point of the weights is 0"
    ),
  ]

  /// `kind in lowering` for each entry.
  static var all: [String] { reasons.flatMap { entry in entry.places.keys.map { "\(entry.kind) in \($0)" } } }

  /// Where a kind of fault in a lowering has no effect.
  static func places(for text: String) -> [String] {
    reasons.flatMap { entry in entry.places.filter { "\(entry.kind) in \($0.key)" == text }.values.flatMap { $0 } }
  }
}

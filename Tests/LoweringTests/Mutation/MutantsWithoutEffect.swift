// SPDX-License-Identifier: Apache-2.0

/// Faults that change no result, by kind and lowering, and why.
enum MutantsWithoutEffect {
  private static let reasons: [(kind: MutantKind, lowerings: [String], reason: String)] = [
    (
      .accumulatorStartedWrong,
      [
        "blocked-conv", "byte-depthwise", "depthwise-conv", "dot-conv", "dot-matmul",
        "gathered-conv-transpose", "generic-conv", "max-pool-indices", "pool", "reduce", "run-conv",
        "run-matmul", "softmax", "word-conv", "word-matmul",
      ], "each element is set, to the bias or to the first operand, before it is read"
    ),
    (
      .accumulatorNotSet, ["generic-conv", "reduce", "softmax"],
      "without a bias a sum starts at the 0 that it was declared with"
    ),
    (.clampDropped, ["interpolated-resize"], "rows that lie outside were told apart before"),
    (.loadIndexPlusOne, ["reduce"], "a maximum may start from any of its elements"),
    (.loadIndexMinusOne, ["reduce"], "a maximum may start from any of its elements"),
    (.swappedLoadStrides, ["reduce"], "a maximum may meet its elements in any order"),
    (
      .oneIterationMore, ["blocked-conv", "nearest-resize", "pad"],
      "what is written too much is written again afterwards"
    ),
    (
      .wholeForPart, ["blocked-conv", "nearest-resize", "pad"],
      "what is written too much is written again afterwards"
    ),
    (.oneIterationMore, ["dot-conv", "dot-matmul"], "what is written too much is filling of a block"),
    (.wholeForPart, ["dot-conv", "run-conv"], "what is written too much is filling of a block"),
    (
      .stepsSwapped, ["blocked-conv", "dot-conv", "elementwise", "run-conv"],
      "they write different elements of one tensor: its border and its inside, or two parts of a concat"
    ),
    (.sumForDifference, ["byte-depthwise"], "the zero point of the weights is 0"),
  ]

  /// `kind in lowering` for each entry.
  static var all: [String] { reasons.flatMap { entry in entry.lowerings.map { "\(entry.kind) in \($0)" } } }

  /// Why a kind of fault in a lowering has no effect; nil if it should have one.
  static func reason(for text: String) -> String? {
    reasons.first { entry in entry.lowerings.contains { "\(entry.kind) in \($0)" == text } }?.reason
  }
}

// SPDX-License-Identifier: Apache-2.0

/// Since when operators count axes from the end as well; those that are not named always did.
enum NegativeAxes {
  /// Before that, exporters wrote negative axes all the same (ONNX's own tests among them) and onnxruntime runs them.
  static let tolerated: Set<String> = [
    "Concat", "LogSoftmax", "Slice", "Softmax", "Split", "Squeeze", "Unsqueeze", "ArgMax", "ArgMin",
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceProd", "ReduceSum", "ReduceSumSquare",
  ]
  static let since: [String: Int] = Dictionary(
    uniqueKeysWithValues: (tolerated.sorted() + ["Flatten"]).map { ($0, 11) })
}

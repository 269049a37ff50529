// SPDX-License-Identifier: Apache-2.0

/// Since when operators count axes from the end as well; those that are not named always did.
enum NegativeAxes {
  static let since: [String: Int] = [
    "Concat": 11, "Flatten": 11, "LogSoftmax": 11, "Slice": 11, "Softmax": 11, "Split": 11,
    "Squeeze": 11, "Unsqueeze": 11, "ArgMax": 11, "ArgMin": 11,
    "ReduceL1": 11, "ReduceL2": 11, "ReduceLogSum": 11, "ReduceLogSumExp": 11, "ReduceMax": 11,
    "ReduceMean": 11, "ReduceMin": 11, "ReduceProd": 11, "ReduceSum": 11, "ReduceSumSquare": 11,
  ]
}

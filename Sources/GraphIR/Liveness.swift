// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

extension Graph {
  /// The most bytes of inputs, outputs and results that are alive at once when the ops run in their present order, each value in memory
  /// of its own from the op that makes it to the last that reads it. Constants do not count. Inputs are alive from the start, outputs until
  /// the end. More than can be counted is `Int.max`.
  public var peakLiveBytes: Int {
    // Sums of sizes that a file gives: each fits, and so many of them may not.
    var live: Checked = 0
    var peak = 0
    let bytes = { (value: ValueID) in Checked(type(of: value).byteCount) }
    for port in inputs { live += bytes(port.value) }
    peak = live.value ?? .max
    // Readers that have not run yet, by value.
    var pending = [Int32](repeating: 0, count: values.capacity)
    let order = opIDs
    for op in order {
      for use in ops[op].operands {
        if let value = uses[use].value { pending[Int(value.index)] += 1 }
      }
    }
    for op in order {
      for result in ops[op].results { live += bytes(result) }
      peak = max(peak, live.value ?? .max)
      for use in ops[op].operands {
        guard let value = uses[use].value else { continue }
        pending[Int(value.index)] -= 1
        let isLast = pending[Int(value.index)] == 0 && values[value].outputCount == 0
        if isLast, values[value].source != .constant { live = live - bytes(value) }
      }
      for result in ops[op].results where !isUsed(result) { live = live - bytes(result) }
    }
    return peak
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The quantised averages of onnxruntime (domain com.microsoft): computed on dequantised values, and
/// quantised again.
enum RuntimeAverageFamily: OperatorFamily {
  static let importers = [
    RuntimeQuantizationFamily.runtime("QLinearAveragePool", read: average),
    RuntimeQuantizationFamily.runtime("QLinearGlobalAveragePool", read: globalAverage),
    RuntimeQuantizationFamily.runtime("QLinearReduceMean", read: mean),
  ]

  /// Where padding counts, onnxruntime divides by the whole window, what hangs over the end too.
  @Sendable static func average(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    try RuntimeQuantizationFamily.pointwise(node) { (x) throws(Failure) in
      try node.channelsFirst(x) { (x) throws(Failure) in
        try PoolFamily.average(node, of: x, overhang: true)
      }
    }
  }

  @Sendable static func globalAverage(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let rank = node.rank(try node.input(0))
    guard rank >= 3 else { throw node.failure("the input has \(rank) axes") }
    let axes = Array(try node.flag("channels_last") ? 1..<rank - 1 : 2..<rank)
    return try RuntimeQuantizationFamily.pointwise(node) { (x) throws(Failure) in
      try node.reduce(.mean, x, axes: axes)
    }
  }

  @Sendable static func mean(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let rank = node.rank(try node.input(0))
    let given = try node.axes(try node.ints("axes") ?? [], rank: rank).sorted()
    let keep = try node.flag("keepdims", default: true)
    return try RuntimeQuantizationFamily.pointwise(node) { (x) throws(Failure) in
      try node.reduce(.mean, x, axes: given.isEmpty ? Array(0..<rank) : given, keep: keep)
    }
  }
}

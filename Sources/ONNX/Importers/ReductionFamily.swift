// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The Reduce operators; axes are an attribute, later an operand.
enum ReductionFamily: OperatorFamily {
  static let importers = [
    reduction("ReduceSum", .sum, axesInputSince: 13), reduction("ReduceMean", .mean),
    reduction("ReduceMax", .max), reduction("ReduceMin", .min),
    reduction("ReduceProd", .product), reduction("ReduceL1", .l1), reduction("ReduceL2", .l2),
    reduction("ReduceLogSum", .logSum), reduction("ReduceLogSumExp", .logSumExp),
    reduction("ReduceSumSquare", .sumOfSquares),
  ]

  private static func reduction(
    _ name: String, _ kind: ReduceKind, axesInputSince: Int = 18
  ) -> OperatorImporter {
    OperatorImporter(name, "axes known when the model is read") { (node) throws(Failure) in
      let x = try node.input(0)
      let given =
        node.opset >= axesInputSince
        ? try node.constantInts(1, "axes") : try node.ints("axes")
      let keep = try node.flag("keepdims", default: true)
      let leavesAlone = try node.flag("noop_with_empty_axes")
      var axes = try node.axes(given ?? [], rank: node.rank(x)).sorted()
      if axes.isEmpty {
        switch (leavesAlone, kind) {
        case (true, .sum), (true, .mean), (true, .max), (true, .min), (true, .product): return [x]
        // Each element is reduced alone.
        case (true, _): break
        case (false, _): axes = Array(0..<node.rank(x))
        }
      }
      return [try node.reduce(kind, x, axes: axes, keep: keep)]
    }
  }
}

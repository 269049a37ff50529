// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// A convolution or matrix product of dequantized operands whose result is not quantized, as at the
/// end of a model or in front of an op with floats: the sums are of integers, and a `dequantize`
/// makes floats of them.
///
///     %d = dequantize %x, @s, @z
///     %w = dequantize @wq, @ws {axis=0}   →   %a = matmul %x, @wq, @bq, @z
///     %y = matmul %d, %w, @b                  %y = dequantize %a, @s · @ws {axis=1}
enum DequantizedLayer {
  static let rewrites = [
    Rewrite("dequantized-convolution") { (op: OpRef<Convolution>, rw) throws(Declined) in
      try rewrite(op.id, &rw)
    },
    Rewrite("dequantized-product") { (op: OpRef<MatrixMultiply>, rw) throws(Declined) in
      try rewrite(op.id, &rw)
    },
  ]

  static func rewrite(_ layer: OpID, _ rw: inout Rewriter) throws(Declined) {
    let result = rw.graph.results(of: layer)[0]
    let element = rw.graph.type(of: result).element
    try rw.require(element == .f32, "the result is \(element.rawValue)")
    let location = rw.graph.location(of: layer)
    let sums = try IntegerLayer.sums(of: layer, location, &rw)
    var dequantize = Dequantize()
    dequantize.axis = sums.steps.count == 1 ? 1 : sums.axis
    let scale = rw.addConstant(Tensor(scales: sums.steps))
    let floats = try rw.make(dequantize, [sums.value, scale], location: location)
    rw.replace(result, byNamed: floats)
  }
}

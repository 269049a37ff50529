// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Matrix products with scaled or flattened operands. (Transposed ones are rules.)
enum MatrixMultiplyRewrites {
  static let all = [
    Rewrite("scale-into-matmul", absorbScale),
    Rewrite("transpose-flatten-matmul", absorbFlattenedTranspose),
  ]

  /// mul(matmul(x, W, b), s) → matmul(x, W·s, b·s) for a constant scalar s
  private static func absorbScale(_ op: OpRef<Binary>, _ rw: inout Rewriter) throws(Declined) {
    try rw.require(op.function == .mul, "the op is not a product")
    let lhs = try rw.operand(op, .lhs)
    let rhs = try rw.operand(op, .rhs)
    let (product, factor) = rw.graph.tensor(rhs) != nil ? (lhs, rhs) : (rhs, lhs)
    guard rw.graph.type(of: factor).shape.elementCount == 1,
      let scale = try rw.constant(factor).doubles().first
    else { throw Declined("the factor is not a scalar") }
    try rw.require(
      rw.graph.type(of: product) == rw.graph.type(of: rw.graph.result(op)),
      "the factor adds axes")
    let matmul = try rw.producer(of: product, as: MatrixMultiply.self)
    let layer = try LinearLayer(matmul.id, rw)
    try layer.requireAlone(rw)
    let affine = ChannelAffine(uniform: scale, 0, count: layer.outputChannels)
    try layer.absorb(after: affine, replacing: op.id, &rw)
  }

  /// matmul(reshape(transpose(x)), W) → matmul(reshape(x), W'), with the rows of a constant W in
  /// the order of x. The reshape flattens all axes but the first, which the transpose leaves in
  /// place.
  private static func absorbFlattenedTranspose(
    _ op: OpRef<MatrixMultiply>, _ rw: inout Rewriter
  ) throws(Declined) {
    let reshape = try rw.producer(of: try rw.operand(op, .lhs), as: Reshape.self)
    let transpose = try rw.producer(of: try rw.operand(reshape, .input), as: Transpose.self)
    let weight = try rw.constant(op, .rhs)
    let behind = rw.graph.type(of: rw.graph.result(transpose)).shape.extents
    let flat = rw.graph.type(of: rw.graph.result(reshape)).shape.extents
    try rw.require(
      transpose.permutation.first == 0 && flat.count == 2 && flat[0] == behind[0]
        && weight.shape.rank == 2 && !op.transposeLHS && rw.graph.operand(op, .rhsZero) == nil,
      "the product is not of flattened samples with a constant matrix")
    let location = rw.graph.location(of: op.id)
    // The axes of x without the samples, in the transposed order, and how to bring them back.
    let order = transpose.permutation.dropFirst().map { $0 - 1 }
    var inverse = order
    for (position, axis) in order.enumerated() { inverse[axis] = position }
    let columns = op.transposeRHS ? weight.shape[0] : weight.shape[1]
    let rows = Array(behind.dropFirst())
    let extents = op.transposeRHS ? [columns] + rows : rows + [columns]
    let permutation = op.transposeRHS ? [0] + inverse.map { $0 + 1 } : inverse + [order.count]
    var value = try rw.make(Reshape(to: extents), [try rw.operand(op, .rhs)], location: location)
    value = try rw.make(Transpose(permutation), [value], location: location)
    value = try rw.make(Reshape(to: weight.shape.extents), [value], location: location)
    let input = try rw.make(
      reshape.attributes, [try rw.operand(transpose, .input)], location: location)
    var operands = rw.graph.operands(of: op.id)
    operands[MatrixMultiply.Operand.lhs.rawValue] = input
    operands[MatrixMultiply.Operand.rhs.rawValue] = value
    try rw.substitute(op.id, by: op.attributes, operands)
  }
}

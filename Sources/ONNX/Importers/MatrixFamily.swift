// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// MatMul and Gemm.
enum MatrixFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("MatMul", read: matMul),
    OperatorImporter("Gemm", "alpha and beta other than 1 for floats only", read: gemm),
  ]

  @Sendable static func matMul(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    [try node.insert(MatrixMultiply(), try node.input(0), try node.input(1))]
  }

  @Sendable static func gemm(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let a = try node.input(0)
    let b = try node.input(1)
    let alpha = try node.float("alpha", default: 1)
    let beta = try node.float("beta", default: 1)
    // Before opset 7 an attribute said whether C broadcasts; its shape says the same.
    node.ignore("broadcast")
    guard node.rank(a) == 2, node.rank(b) == 2 else {
      throw node.failure("operands \(node.type(a)) and \(node.type(b)) are no matrices")
    }
    guard alpha == 1 && beta == 1 || node.type(a).element.isFloat else {
      throw node.unsupported(
        "alpha \(alpha) and beta \(beta) scale integers", "alpha and beta of 1 are supported")
    }
    let op = MatrixMultiply(
      transposeLHS: try node.flag("transA"), transposeRHS: try node.flag("transB"))
    var c = node.optional(2)
    if let given = c, beta != 1 {
      c = try node.binary(.mul, given, node.scalar(Double(beta), like: given))
    }
    let columns = node.extents(b)[op.transposeRHS ? 0 : 1]
    if alpha == 1, let bias = c, isBias(node.extents(bias), columns) {
      return [try node.insert(op, a, b, try node.reshape(bias, [columns]))]
    }
    var product = try node.insert(op, a, b)
    if alpha != 1 { product = try node.binary(.mul, product, node.scalar(Double(alpha), like: product)) }
    guard let c else { return [product] }
    let sum = try node.binary(.add, product, c)
    guard node.extents(sum) == node.extents(product) else {
      throw node.failure("C \(node.type(c)) does not broadcast to \(node.type(product))")
    }
    return [sum]
  }

  /// Whether C is a row that is added to every row of the product.
  private static func isBias(_ extents: [Int], _ columns: Int) -> Bool {
    extents == [columns] || extents == [1, columns]
  }
}

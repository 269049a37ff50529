// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// ArgMax and ArgMin.
enum ArgReductionFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("ArgMax") { (node) throws(Failure) in try search(node, .max) },
    OperatorImporter("ArgMin") { (node) throws(Failure) in try search(node, .min) },
  ]

  private static func search(
    _ node: NodeContext, _ kind: ArgReduceKind
  ) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let axis = try node.axis(try node.int("axis", default: 0), rank: node.rank(x))
    let keep = try node.flag("keepdims", default: true)
    let last = try node.flag("select_last_index")
    return [
      try node.insert(ArgReduce(kind, axis: axis, keepDimensions: keep, selectsLast: last), x)
    ]
  }
}

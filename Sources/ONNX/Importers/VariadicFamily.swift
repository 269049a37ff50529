// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Operators of any number of operands.
enum VariadicFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("Sum") { (node) throws(Failure) in [try folded(.add, node)] },
    OperatorImporter("Max") { (node) throws(Failure) in [try folded(.max, node)] },
    OperatorImporter("Min") { (node) throws(Failure) in [try folded(.min, node)] },
    OperatorImporter("Mean", read: mean),
  ]

  private static func folded(
    _ function: BinaryFunction, _ node: NodeContext
  ) throws(Failure) -> ValueID {
    node.ignore("consumed_inputs")
    var result = try node.input(0)
    for index in 1..<max(node.operandCount, 1) {
      result = try node.binary(function, result, try node.input(index))
    }
    return result
  }

  @Sendable static func mean(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let sum = try folded(.add, node)
    let count = node.scalar(Double(node.operandCount), like: sum)
    return [node.operandCount == 1 ? sum : try node.binary(.div, sum, count)]
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Gather along an axis.
enum GatherFamily: OperatorFamily {
  static let importers = [OperatorImporter("Gather", read: gather)]

  @Sendable static func gather(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let indices = try node.input(1)
    let axis = try node.axis(try node.int("axis", default: 0), rank: node.rank(x))
    let extent = node.extents(x)[axis]
    if let known = try node.constant(1), known.element.isInteger {
      if let wrong = known.integers().first(where: { $0 < -extent || $0 >= extent }) {
        throw node.failure("index \(wrong) is outside of axis \(axis) of \(node.type(x))")
      }
    }
    return [try node.insert(Gather(axis: axis), x, indices)]
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Conv, of any rank, groups and padding; weights may be computed.
enum ConvolutionFamily: OperatorFamily {
  static let importers = [OperatorImporter("Conv", read: conv)]

  @Sendable static func conv(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let weight = try node.input(1)
    var (op, x) = try geometry(node, input: try node.input(0), weight: weight)
    op.groups = try node.int("group", default: 1)
    return [try node.insert(op, x, weight, node.optional(2))]
  }

  /// The convolution that the attributes describe, and its input with negative paddings cut off.
  static func geometry(
    _ node: NodeContext, input: ValueID, weight: ValueID
  ) throws(Failure) -> (Convolution, ValueID) {
    let weights = node.extents(weight)
    let extents = node.extents(input)
    guard weights.count >= 3, extents.count == weights.count else {
      throw node.failure("an input \(extents.text) and weights \(weights.text) do not fit")
    }
    let kernel = Array(weights.dropFirst(2))
    if let declared = try node.ints("kernel_shape"), declared != kernel {
      throw node.failure("kernel_shape is \(declared.text), the weights have \(kernel.text)")
    }
    var window = try WindowAttributes(node, kernel: kernel, spatial: Array(extents.dropFirst(2)))
    let x = try window.cut(input, node)
    var op = Convolution()
    window.apply(to: &op)
    return (op, x)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// ConvTranspose; the output's padding and shape become (negative) padding.
enum TransposedConvolutionFamily: OperatorFamily {
  static let importers = [OperatorImporter("ConvTranspose", read: convTranspose)]

  @Sendable static func convTranspose(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    let weight = try node.input(1)
    let extents = node.extents(x)
    let weights = node.extents(weight)
    guard weights.count >= 3, extents.count == weights.count else {
      throw node.failure("an input \(extents.text) and weights \(weights.text) do not fit")
    }
    let kernel = Array(weights.dropFirst(2))
    if let declared = try node.ints("kernel_shape"), declared != kernel {
      throw node.failure("kernel_shape is \(declared.text), the weights have \(kernel.text)")
    }
    let spatial = Array(extents.dropFirst(2))
    let window = try WindowAttributes(node, kernel: kernel, spatial: spatial)
    var op = TransposedConvolution()
    op.strides = WindowAttributes.trimmed(window.strides, neutral: 1)
    op.dilations = WindowAttributes.trimmed(window.dilations, neutral: 1)
    op.padding = WindowAttributes.trimmed(
      try padding(node, window, spatial: spatial), neutral: 0)
    op.groups = try node.int("group", default: 1)
    return [try node.insert(op, x, weight, node.optional(2))]
  }

  /// What is cut from the full output, before each axis and after each.
  private static func padding(
    _ node: NodeContext, _ window: WindowAttributes, spatial: [Int]
  ) throws(Failure) -> [Int] {
    let rank = spatial.count
    let extra = try node.ints("output_padding") ?? Array(repeating: 0, count: rank)
    guard extra.count == rank, extra.allSatisfy({ $0 >= 0 && $0 < 1 << 24 }) else {
      throw node.failure("output_padding \(extra.text) for \(rank) spatial axes")
    }
    var wanted = try node.ints("output_shape")
    if let given = wanted, given.count == rank + 2 {
      // Some exporters give the whole shape.
      wanted = Array(given.dropFirst(2))
    }
    func full(_ axis: Int) -> Int {
      window.strides[axis] * (spatial[axis] - 1) + extra[axis] + window.span(axis)
    }
    if wanted == nil, window.automatic.isSame {
      // Where the kernel is smaller than the stride nothing is added at the end, as in onnxruntime and ONNX's shape inference.
      wanted = (0..<rank).map { min(spatial[$0] * window.strides[$0], full($0)) }
    }
    guard let wanted else {
      let after = zip(window.padding[rank...], extra).map { $0 - $1 }
      return Array(window.padding[..<rank]) + after
    }
    guard wanted.count == rank, wanted.allSatisfy({ $0 > 0 && $0 <= 1 << 40 }) else {
      throw node.failure("output_shape \(wanted.text) for \(rank) spatial axes")
    }
    var before: [Int] = []
    var after: [Int] = []
    for axis in 0..<rank {
      let total = full(axis) - wanted[axis]
      // A larger output than the full one grows at its end.
      let less = max(total, 0) / 2
      let first = window.automatic == .sameUpper ? less : max(total, 0) - less
      before.append(first)
      after.append(total - first - extra[axis])
    }
    return before + after
  }
}

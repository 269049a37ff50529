// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors

/// The dimension along which an elementwise kernel takes vectors, and how many numbers in each.
struct VectorAxis {
  let dimension: Int
  let lanes: Int

  /// The innermost dimension of the layout, with `wanted` lanes if they fit evenly and no operand
  /// has steps within them.
  init(of layout: BufferLayout, lanes wanted: Int, ops: [OpID], in graph: Graph) {
    let inner = layout.axes.last { $0.extent > 1 } ?? layout.axes.last
    let dimension = inner?.dimension ?? 0
    self.dimension = dimension
    let fits: Bool
    switch inner?.part {
    case .whole: fits = inner?.stride == 1 && layout.type.shape[dimension] % wanted == 0
    case .inner(let factor): fits = factor % wanted == 0
    case .outer, nil: fits = false
    }
    let shape = layout.type.shape
    lanes = fits && Self.isEven(along: dimension, of: shape, ops, in: graph) ? wanted : 1
  }

  /// Whether all operands move by one along a dimension of the result, or stay.
  private static func isEven(
    along dimension: Int, of shape: Shape, _ ops: [OpID], in graph: Graph
  ) -> Bool {
    let alone = MergedDimensions(shape) { $0 }
    return ops.allSatisfy { op in
      guard let definition = graph.definition(of: op) as? any ElementwiseOp else { return false }
      return graph.operands(of: op).enumerated().allSatisfy { slot, value in
        guard let value else { return true }
        let operand = graph.type(of: value).shape
        return (0..<operand.rank).allSatisfy { position in
          alone.course(along: dimension) {
            definition.coordinates(slot: slot, operand: operand, at: $0)[position]
          } != .other
        }
      }
    }
  }

  /// Runs over all positions in the order of memory, `lanes` at a time. The filling of a split
  /// dimension's last block is computed too: it is memory of the tensor, and nobody reads it.
  func forEach(
    of layout: BufferLayout, in k: inout KernelBuilder,
    _ body: (inout KernelBuilder, [Index], Int) -> Void
  ) {
    guard lanes > 1 else {
      return k.positions(of: layout) { k, position in body(&k, position, 1) }
    }
    let axes = layout.axes
    let rank = layout.type.shape.rank
    func nest(_ k: inout KernelBuilder, _ depth: Int, _ position: [Index]) {
      guard depth < axes.count else { return body(&k, position, lanes) }
      let axis = axes[depth]
      let isVector = axis.dimension == dimension && axis.stride == 1
      let extent: Int
      let scale: Int
      switch axis.part {
      case .whole: (extent, scale) = (layout.type.shape[axis.dimension], 1)
      case .outer(let factor): (extent, scale) = (axis.extent, factor)
      case .inner(let factor): (extent, scale) = (factor, 1)
      }
      k.loop("d\(axis.dimension)", 0..<(isVector ? extent / lanes : extent)) { k, i in
        var next = position
        next[axis.dimension] = next[axis.dimension] + i * (isVector ? lanes : scale)
        nest(&k, depth + 1, next)
      }
    }
    nest(&k, 0, Array(repeating: Index(0), count: rank))
  }
}

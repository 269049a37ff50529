// SPDX-License-Identifier: Apache-2.0
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// A run of elementwise ops as one loop nest over the result in the order of its memory, by vectors where the elements allow it.
public struct ElementwiseLowering<Op: ElementwiseOp>: OpLowering {
  public let name = "elementwise"
  public let summary = "one loop nest over the result for a run of elementwise ops"
  public let acceptsTail = true

  /// The lowering of one kind of op.
  public init(_ kind: Op.Type) {}

  public func wish(_ op: OpRef<Op>, in graph: Graph, on target: Target) -> LayoutWish {
    let shape = graph.type(of: graph.result(op)).shape
    let slots = graph.operands(of: op.id)
    let slot = slots.indices.first { slot in
      guard let value = slots[slot], graph.constant(value) == nil else { return false }
      return op.attributes.isPositional(slot: slot) && graph.type(of: value).shape == shape
    }
    return slot.map { .like(slot: $0) } ?? .rowMajor
  }

  public func lower(_ op: OpRef<Op>, in context: inout LoweringContext) throws(LoweringError) {
    let ops = [op.id] + context.tail
    let result = context.result(of: op)
    var k = KernelBuilder("elementwise")
    let y = k.output("y", result, mayAlias: true)
    guard y.layout.type.shape.elementCount > 0 else { return }

    let vector = VectorAxis(of: y.layout, ops: ops, in: context)
    let epilogue = Epilogue(
      ops, laneDimension: vector.dimension, lanes: vector.lanes, provided: [], kernel: &k,
      in: &context)
    vector.forEach(of: y.layout, in: &k) { k, position, lanes in
      let value = epilogue.apply([:], at: position, lanes: lanes, kernel: &k)
      k.store(y, position, value)
    }
    context.add(k, [y] + epilogue.parameters)
  }
}

/// The dimension along which an elementwise kernel takes vectors, and how many numbers in each.
struct VectorAxis {
  let dimension: Int
  let lanes: Int

  /// The innermost dimension of the layout, with the target's lanes if all elements are f32.
  init(of layout: BufferLayout, ops: [OpID], in context: LoweringContext) {
    let inner = layout.axes.last { $0.extent > 1 } ?? layout.axes.last
    dimension = inner?.dimension ?? 0
    let values = ops.flatMap { op in
      context.graph.results(of: op) + context.graph.operands(of: op).compactMap { $0 }
    }
    let isFloat = values.allSatisfy { context.graph.type(of: $0).element == .f32 }
    let wanted = isFloat && layout.type.element == .f32 ? context.target.lanes(32) : 1
    let fits: Bool
    switch inner?.part {
    case .whole: fits = inner?.stride == 1 && layout.type.shape[dimension] % wanted == 0
    case .inner(let factor): fits = factor % wanted == 0
    case .outer, nil: fits = false
    }
    lanes = fits ? wanted : 1
  }

  /// Runs over all positions in the order of memory, `lanes` at a time. The filling of a split dimension's last block is computed
  /// too: it is memory of the tensor, and nobody reads it.
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

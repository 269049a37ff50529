// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// A part of the operand's memory where steps are 1 and blocks stay whole; a copy elsewhere.
public struct SliceLowering: OpLowering {
  public let name = "slice"
  public let summary = "a view of a part of the operand if steps are 1, else a copy"

  /// The lowering.
  public init() {}

  public func wish(_ op: OpRef<Slice>, in graph: Graph, on target: Target) -> LayoutWish {
    .like(slot: 0)
  }

  public func lower(_ op: OpRef<Slice>, in context: inout LoweringContext) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      unreachable("a verified slice has its operand")
    }
    let result = context.graph.result(op)
    let shape = context.graph.type(of: result).shape
    let source = context.view(of: input)
    if !context.hasView(result), isWindow(op, source.layout) {
      let layout = source.layout.withoutHalo.region(start: op.starts, shape: shape)
      return context.setView(of: result, to: TensorView(root: source.root, layout: layout))
    }
    let target = context.view(of: result)
    context.fillHalo(of: result)
    let axes = (0..<shape.rank).map { d in
      SourceAxis(
        d, start: op.starts[d], step: op.steps.isEmpty ? 1 : op.steps[d], count: shape[d])
    }
    context.rearrange(source, to: target, axes)
  }

  /// Whether the slice is a region of the layout: it begins at whole bytes and blocks, and its last
  /// block holds nothing else.
  private func isWindow(_ op: OpRef<Slice>, _ layout: BufferLayout) -> Bool {
    guard op.steps.allSatisfy({ $0 == 1 }), layout.type.element.bitCount >= 8,
      op.sizes.allSatisfy({ $0 > 0 })
    else { return false }
    return layout.axes.allSatisfy { axis in
      guard case .outer(let factor) = axis.part else { return true }
      let d = axis.dimension
      let end = op.starts[d] + op.sizes[d]
      return op.starts[d] % factor == 0 && (end % factor == 0 || end == layout.type.shape[d])
    }
  }
}

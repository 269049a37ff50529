// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Resampling to the nearest position: a copy, with plain index arithmetic where each position is
/// repeated as often as the others.
public struct NearestResize: OpLowering {
  public let name = "nearest-resize"
  public let summary = "a copy that repeats or leaves out positions, for nearest resampling"

  /// The lowering.
  public init() {}

  public func supports(_ op: OpRef<Resize>, in graph: Graph, on target: Target) -> Bool {
    op.mode == .nearest
  }

  public func wish(_ op: OpRef<Resize>, in graph: Graph, on target: Target) -> LayoutWish {
    ResizeAxes.wish(op, in: graph)
  }

  public func lower(_ op: OpRef<Resize>, in context: inout LoweringContext) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      unreachable("a verified resize has its operand")
    }
    let source = context.view(of: input)
    let target = context.result(of: op)
    let shape = source.layout.type.shape
    var axes: [SourceAxis] = []
    for axis in 0..<shape.rank {
      let extent = shape[axis]
      guard !op.attributes.isIdentity(axis: axis, inputExtent: extent) else {
        axes.append(SourceAxis(axis, count: extent))
        continue
      }
      for shape in [shape, target.layout.type.shape] { try SourceAxis.requireTable(axis: axis, of: shape) }
      let taps = op.attributes.taps(axis: axis, inputExtent: extent)
      axes.append(SourceAxis(axis, taps.map { $0.first?.index ?? -1 }))
    }
    context.rearrange(source, to: target, axes, fill: .number(Double(op.extrapolation)))
  }
}

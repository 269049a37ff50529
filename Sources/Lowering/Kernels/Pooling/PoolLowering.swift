// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

extension PoolKind {
  fileprivate var kernelName: String {
    switch self {
    case .max: "maxpool"
    case .average: "avgpool"
    case .sum: "sumpool"
    }
  }
}

/// Maxima, means and sums over windows, by vectors over blocks of channels where operand and result lie so. Windows at the border are
/// clipped by the bounds of their loops.
public struct PoolLowering: OpLowering {
  public let name = "pool"
  public let summary = "maximum, mean or sum of windows, clipped by loop bounds; vectors over blocks of channels"
  public let acceptsTail = true

  /// The lowering.
  public init() {}

  public func wish(_ op: OpRef<Pool>, in graph: Graph, on target: Target) -> LayoutWish {
    .like(slot: Pool.Operand.input.rawValue)
  }

  public func lower(_ op: OpRef<Pool>, in context: inout LoweringContext) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input),
      let window = try? op.attributes.geometry(
        spatialRank: context.graph.type(of: input).shape.rank - 2)
    else { unreachable("a verified pool has its operand") }
    let value = context.graph.result(op)
    let type = context.graph.type(of: value)
    guard type.shape.elementCount > 0 else { return }
    let axes = SpatialAxis.axes(
      window, input: Array(context.graph.type(of: input).shape.extents.dropFirst(2)),
      output: Array(type.shape.extents.dropFirst(2)))
    let source = context.view(of: input)
    let result = context.result(of: op)
    let wanted = type.element == .f32 ? context.target.lanes(32) : 1
    let lanes =
      source.layout.hasRuns(of: wanted, along: 1) && result.layout.hasRuns(of: wanted, along: 1)
      ? wanted : 1

    var k = KernelBuilder(op.kind.kernelName)
    let x = k.input("x", source)
    let epilogue = context.epilogue(
      laneDimension: 1, lanes: lanes, providing: value, kernel: &k)
    let y = k.output("y", result, mayAlias: !epilogue.parameters.isEmpty)
    let body = PoolBody(
      axes: axes, kind: op.kind, countsPadding: op.countPadding,
      type: ValueType(type.element.computed, lanes: lanes), x: x)
    k.loops(["n", "c"], [type.shape[0], (type.shape[1] + lanes - 1) / lanes]) { k, outer in
      body.positions(&k) { k, place in
        let channels = [outer[0], outer[1] * lanes]
        let pooled = body.pooled(channels, place, &k)
        let position = channels + place.position
        k.store(
          y, position,
          epilogue.apply([value: pooled], at: position, lanes: lanes, kernel: &k))
      }
    }
    context.add(k, [x, y] + epilogue.parameters)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// The operand with a border: each side of each axis is a loop of its own, so that no position is
/// tested.
public struct PadLowering: OpLowering {
  public let name = "pad"
  public let summary = "a copy with a border of constants or of repeated positions"

  /// The lowering.
  public init() {}

  public func wish(_ op: OpRef<Pad>, in graph: Graph, on target: Target) -> LayoutWish {
    let isSpatial = op.before.count > 2 && op.before[1] == 0 && op.after[1] == 0
    return isSpatial ? .like(slot: 0) : .rowMajor
  }

  public func lower(_ op: OpRef<Pad>, in context: inout LoweringContext) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      unreachable("a verified pad has its operand")
    }
    let source = context.view(of: input)
    let target = context.result(of: op)
    let shape = source.layout.type.shape
    var axes: [SourceAxis] = []
    for d in 0..<shape.rank {
      if op.mode == .constant || op.before[d] + op.after[d] == 0 {
        axes.append(SourceAxis(d, fillBefore: op.before[d], count: shape[d], fillAfter: op.after[d]))
        continue
      }
      try SourceAxis.requireTable(axis: d, of: target.layout.type.shape)
      let positions = -op.before[d]..<shape[d] + op.after[d]
      axes.append(SourceAxis(d, positions.map { Self.source(of: $0, extent: shape[d], mode: op.mode) }))
    }
    var fill = Rearrangement.Fill.number(0)
    if let value = context.graph.operand(op, .value) {
      fill = .tensor(context.view(of: value))
    }
    context.rearrange(source, to: target, axes, fill: fill)
  }

  /// The position of the input that is repeated at a position from −before on.
  private static func source(of position: Int, extent: Int, mode: PadMode) -> Int {
    if position >= 0, position < extent { return position }
    func remainder(_ divisor: Int) -> Int {
      let rest = position % divisor
      return rest < 0 ? rest + divisor : rest
    }
    switch mode {
    case .constant: unreachable("constants repeat nothing")
    case .edge: return position < 0 ? 0 : extent - 1
    case .wrap: return remainder(extent)
    case .reflect:
      let period = 2 * (extent - 1)
      guard period > 0 else { return 0 }
      let phase = remainder(period)
      return phase < extent ? phase : period - phase
    }
  }
}

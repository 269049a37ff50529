// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
import Targets
import Tensors

/// The operand repeated along the axes in which it has one position.
public struct BroadcastLowering: OpLowering {
  public let name = "broadcast"
  public let summary = "a copy that repeats the operand"

  /// The lowering.
  public init() {}

  public func lower(
    _ op: OpRef<Broadcast>, in context: inout LoweringContext
  ) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      unreachable("a verified broadcast has its operand")
    }
    let source = context.view(of: input)
    let target = context.result(of: op)
    let from = source.layout.type.shape
    let shape = target.layout.type.shape
    let skipped = shape.rank - from.rank
    let axes = (0..<shape.rank).map { d in
      let isRepeated = d < skipped || from[d - skipped] != shape[d]
      return SourceAxis(isRepeated ? nil : d - skipped, count: shape[d])
    }
    context.rearrange(source, to: target, axes)
  }
}

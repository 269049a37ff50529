// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
import Targets
import Tensors

/// The axes in another order by a copy, or another view of the operand where only axes of extent 1
/// change their place.
public struct TransposeLowering: OpLowering {
  public let name = "transpose"
  public let summary = "a copy in the order of the result; a view if only axes of extent 1 move"

  /// The lowering.
  public init() {}

  public func lower(
    _ op: OpRef<Transpose>, in context: inout LoweringContext
  ) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      unreachable("a verified transpose has its operand")
    }
    let result = context.graph.result(op)
    let shape = context.graph.type(of: result).shape
    let source = context.view(of: input)
    let moved = op.permutation.filter { source.layout.type.shape[$0] > 1 }
    if source.layout.isDense, zip(moved, moved.dropFirst()).allSatisfy(<) {
      return context.reshape(input, to: result)
    }
    let target = context.view(of: result)
    context.fillHalo(of: result)
    context.rearrange(
      source, to: target, (0..<shape.rank).map { SourceAxis(op.permutation[$0], count: shape[$0]) })
  }
}

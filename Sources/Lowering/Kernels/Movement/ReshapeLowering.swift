// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
import Targets
import Tensors

/// The operand's memory under another shape where its elements lie in row-major order; a copy
/// elsewhere.
public struct ReshapeLowering: OpLowering {
  public let name = "reshape"
  public let summary = "another view of the operand if it is row-major, else a copy"

  /// The lowering.
  public init() {}

  public func lower(_ op: OpRef<Reshape>, in context: inout LoweringContext) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      unreachable("a verified reshape has its operand")
    }
    context.reshape(input, to: context.graph.result(op))
  }
}

extension LoweringContext {
  /// Makes a value the elements of another in row-major order.
  mutating func reshape(_ input: ValueID, to value: ValueID) {
    let source = view(of: input)
    let shape = graph.type(of: value).shape
    if !hasView(value), source.layout.isDense {
      setView(
        of: value, to: TensorView(root: source.root, layout: source.layout.reshaped(to: shape)))
      return
    }
    let target = view(of: value)
    fillHalo(of: value)
    if target.layout.isDense {
      let place = TensorView(
        root: target.root, layout: target.layout.reshaped(to: source.layout.type.shape))
      if place != source { move(source, to: place) }
    } else {
      let dense =
        source.layout.isDense ? source : relayout(source, to: .rowMajor(source.layout.type))
      move(TensorView(root: dense.root, layout: dense.layout.reshaped(to: shape)), to: target)
    }
  }
}

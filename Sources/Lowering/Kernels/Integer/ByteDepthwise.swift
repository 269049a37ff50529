// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Convolution of each channel of small integers by itself where channels lie innermost and are taken one by one: several positions of a row
/// at a time, taps written out, so that each input is read once for all taps that meet it.
public struct ByteDepthwise: OpLowering {
  public let name = "byte-depthwise"
  public let summary =
    "integers of 8 or 16 bits by constant weights on cores with SMLAD, one filter for each channel: four positions of a row at a time"
  public let acceptsTail = true

  /// The lowering.
  public init() {}

  public func supports(_ op: OpRef<Convolution>, in graph: Graph, on target: Target) -> Bool {
    guard DotForm(on: target) == .words, IntegerOperands(op, in: graph) != nil else { return false }
    let shape = ConvolutionShape(op, in: graph)
    return shape.axes.count <= 2 && shape.inputs == 1 && shape.outputs == 1 && shape.groups > 1
      && shape.axes.map(\.kernel).reduce(1, *) <= 49
  }

  public func wish(
    _ op: OpRef<Convolution>, in graph: Graph, on target: Target
  ) -> LayoutWish { .blockedChannels }

  public func lower(
    _ op: OpRef<Convolution>, in context: inout LoweringContext
  ) throws(LoweringError) {
    let shape = ConvolutionShape(op, in: context.graph)
    guard shape.result.shape.elementCount > 0 else { return }
    guard let input = context.graph.operand(op, .input),
      let weight = context.graph.operand(op, .weight),
      let operands = IntegerOperands(op, in: context.graph)
    else { unreachable("what is supported has these") }
    var k = KernelBuilder("depthwise")
    let x = k.input("x", context.view(of: input))
    let w = k.input("w", context.view(of: weight))
    let start = AccumulatorStart(
      bias: context.graph.operand(op, .bias), element: .i32, lanes: 1, kernel: &k, in: &context)
    let value = context.graph.result(op)
    let epilogue = context.epilogue(laneDimension: 1, lanes: 1, providing: value, kernel: &k)
    let y = k.output("y", context.result(of: op), mayAlias: !epilogue.parameters.isEmpty)
    ByteDepthwiseBody(
      shape: shape, x: x, w: w, y: y, inputZero: .literal(operands.inputZero), start: start,
      epilogue: epilogue, value: value
    ).build(&k)
    context.add(k, [x, w, y] + start.parameters + epilogue.parameters)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Convolution of bytes by constant weights where words of four are multiplied in pairs: channels lie innermost, so that taps side by
/// side are one run of bytes; taps in the padding are left out by loop bounds. (As in Lai et al. 2018, without their copy to columns.)
public struct WordConvolution: ChannelConvolution {
  public let name = "word-conv"
  public let summary =
    "8-bit integers by constant weights on cores with SMLAD: words of four channels, two positions by two outputs"

  /// The lowering.
  public init() {}

  public func supports(_ op: OpRef<Convolution>, in graph: Graph, on target: Target) -> Bool {
    guard DotForm(on: target) == .words, let operands = IntegerOperands(op, in: graph),
      operands.hasBytes
    else { return false }
    let shape = ConvolutionShape(op, in: graph)
    let row = shape.axes[shape.axes.count - 1]
    let isJoined = shape.groups == 1 && row.dilation == 1
    return shape.axes.count <= 2 && shape.inputs * (isJoined ? row.kernel : 1) >= 4
  }

  public func lower(
    _ op: OpRef<Convolution>, in context: inout LoweringContext
  ) throws(LoweringError) {
    guard let layer = IntegerConvolution(op, in: context.graph) else { return }
    let (shape, operands) = (layer.shape, layer.operands)
    var source = context.view(of: layer.input)
    if source.layout.stride(along: 1) != 1 {
      source = context.relayout(source, to: .channelsLast(shape.input))
    }
    guard let filters = context.packed(layer.weight, as: .channelsLast(shape.weight)) else {
      unreachable("the weights are constant")
    }
    var k = KernelBuilder("conv")
    let x = k.input("x", source)
    let w = k.input("w", filters)
    let start = AccumulatorStart(
      bias: context.graph.operand(op, .bias), element: .i32, lanes: 1, kernel: &k, in: &context)
    let epilogue = context.epilogue(laneDimension: 1, lanes: 1, providing: layer.result, kernel: &k)
    let y = k.output("y", context.result(of: op), mayAlias: !epilogue.parameters.isEmpty)
    WordConvolutionBody(
      shape: shape, sum: WordSum(x: x, w: w, inputZero: operands.inputZero), y: y, start: start,
      epilogue: epilogue, value: layer.result
    ).build(&k)
    context.add(k, [x, w, y] + start.parameters + epilogue.parameters)
  }
}

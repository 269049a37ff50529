// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Convolution of each channel of small integers by itself where channels lie innermost and are taken one by one: several positions of a row
/// at a time, taps written out, so that each input is read once for all taps that meet it.
public struct ByteDepthwise: ChannelConvolution {
  public let name = "byte-depthwise"
  public let summary =
    "integers of 8 or 16 bits by constant weights on cores with SMLAD, one filter for each channel: four positions of a row at a time"

  /// The lowering.
  public init() {}

  public func supports(_ op: OpRef<Convolution>, in graph: Graph, on target: Target) -> Bool {
    guard DotForm(on: target) == .words, IntegerOperands(op, in: graph) != nil else { return false }
    let shape = ConvolutionShape(op, in: graph)
    return shape.axes.count <= 2 && shape.inputs == 1 && shape.outputs == 1 && shape.groups > 1
      && shape.axes.map(\.kernel).reduce(1, *) <= 49
  }

  public func lower(
    _ op: OpRef<Convolution>, in context: inout LoweringContext
  ) throws(LoweringError) {
    guard let layer = IntegerConvolution(op, in: context.graph) else { return }
    let (shape, operands) = (layer.shape, layer.operands)
    var k = KernelBuilder("depthwise")
    let x = k.input("x", context.view(of: layer.input))
    let w = k.input("w", context.view(of: layer.weight))
    let start = AccumulatorStart(
      bias: context.graph.operand(op, .bias), element: .i32, lanes: 1, kernel: &k, in: &context)
    let epilogue = context.epilogue(laneDimension: 1, lanes: 1, providing: layer.result, kernel: &k)
    let y = k.output("y", context.result(of: op), mayAlias: !epilogue.parameters.isEmpty)
    ByteDepthwiseBody(
      shape: shape, x: x, w: w, y: y, inputZero: .literal(operands.inputZero), start: start,
      epilogue: epilogue, value: layer.result
    ).build(&k)
    context.add(k, [x, w, y] + start.parameters + epilogue.parameters)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
import Targets
import Tensors

/// Any convolution on any target: each tile of output channels and positions sums over the taps that read the input, whose
/// bounds are computed from the position, so that no tap is tested. Padding contributes nothing.
public struct GenericConvolution: ChannelConvolution {
  public let name = "generic-conv"
  public let summary = "any convolution: register tiles over output channels, taps clipped by loop bounds"

  /// The lowering.
  public init() {}

  public func lower(
    _ op: OpRef<Convolution>, in context: inout LoweringContext
  ) throws(LoweringError) {
    let shape = ConvolutionShape(op, in: context.graph)
    guard shape.result.shape.elementCount > 0 else { return }
    guard let input = context.graph.operand(op, .input),
      let weight = context.graph.operand(op, .weight)
    else { unreachable("a verified convolution has its operands") }
    let tile = ChannelTile(
      shape.result.element, outputs: shape.outputs, groups: shape.groups, on: context.target)
    let target = ResultPlace(context.result(of: op), lanes: tile.lanes, in: &context)

    var k = KernelBuilder("conv")
    let x = k.input("x", context.view(of: input))
    let w = k.input("w", Self.packedWeights(weight, shape, tile, in: &context))
    let start = AccumulatorStart(
      bias: context.graph.operand(op, .bias), element: shape.result.element, lanes: tile.lanes,
      kernel: &k, in: &context)
    let inputZero = ZeroPoint(
      context.graph.operand(op, .inputZero), "x_zero", kernel: &k, in: &context)
    let weightZero = ZeroPoint(
      context.graph.operand(op, .weightZero), "w_zero", kernel: &k, in: &context)
    let epilogue = context.epilogue(
      laneDimension: 1, lanes: tile.lanes, providing: context.graph.result(op), kernel: &k)
    let y = k.output("y", target.view, mayAlias: !epilogue.parameters.isEmpty)
    let body = GenericConvolutionBody(
      shape: shape, tile: tile, x: x, w: w, y: y, start: start, inputZero: inputZero,
      weightZero: weightZero, epilogue: epilogue, value: context.graph.result(op))
    body.build(&k)
    context.add(
      k,
      [x, w, y] + start.parameters + inputZero.parameters + weightZero.parameters
        + epilogue.parameters)
    target.finish(in: &context)
  }

  /// The weights in the order in which they are read: [tile][taps][input channel][channels of the tile].
  private static func packedWeights(
    _ weight: ValueID, _ shape: ConvolutionShape, _ tile: ChannelTile,
    in context: inout LoweringContext
  ) -> TensorView {
    let view = context.view(of: weight)
    guard shape.weight.element.bitCount >= 8 else { return view }
    let taps = (0..<shape.axes.count).map { (dimension: $0 + 2, part: BufferLayout.Axis.Part.whole) }
    let factor = tile.channels
    let layout = BufferLayout(
      shape.weight,
      order: factor == 1
        ? [(0, .whole)] + taps + [(1, .whole)]
        : [(0, .outer(factor: factor))] + taps + [(1, .whole), (0, .inner(factor: factor))])
    return context.packed(weight, as: layout) ?? context.relayout(view, to: layout)
  }
}

/// Where a kernel writes whose vectors run along the channels: the result itself, or (if its layout has no such runs) a blocked
/// copy that is brought there afterwards.
struct ResultPlace {
  let view: TensorView
  private let result: TensorView

  init(
    _ result: TensorView, lanes: Int, along dimension: Int = 1, in context: inout LoweringContext
  ) {
    self.result = result
    if result.layout.hasRuns(of: lanes, along: dimension) {
      view = result
    } else {
      view = context.scratch(
        .blocked(result.layout.type, dimension: dimension, factor: lanes), name: "blocked")
    }
  }

  /// Adds the step that brings the result to its place, if there is one.
  func finish(in context: inout LoweringContext) {
    if view != result { context.move(view, to: result) }
  }
}

/// What accumulators start with: the bias of their channels, or 0.
struct AccumulatorStart {
  let type: ValueType
  private let bias: TensorParameter?

  init(
    bias: ValueID?, element: ElementType, lanes: Int, kernel k: inout KernelBuilder,
    in context: inout LoweringContext
  ) {
    type = ValueType(element.accumulated, lanes: lanes)
    self.bias = bias.map {
      k.input("bias", Epilogue.accessible($0, lanes: lanes, along: 0, in: &context))
    }
  }

  /// Numbers that are there, filled up to whole vectors.
  init(_ starts: TensorView, lanes: Int, kernel k: inout KernelBuilder) {
    type = ValueType(starts.layout.type.element.accumulated, lanes: lanes)
    bias = k.input("start", starts)
  }

  var parameters: [TensorParameter] { bias.map { [$0] } ?? [] }

  var zero: Expression { .constant(0, like: type) }

  /// The start of the accumulator for the channels from one on; `lanes` of them if not all.
  func value(at channel: Index, lanes: Int? = nil, _ k: KernelBuilder) -> Expression {
    let type = ValueType(type.element, lanes: lanes ?? type.lanes)
    return bias.map { k.load($0, [channel], lanes: type.lanes) } ?? .constant(0, like: type)
  }
}

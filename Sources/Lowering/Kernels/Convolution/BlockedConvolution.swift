// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Convolution of floats by vectors over blocks of output channels: a tile of positions times vectors of sums stays in registers
/// over all taps and input channels, inputs are broadcast, and a border of zeros around the input spares all tests.
public struct BlockedConvolution: BorderedConvolution {
  public let name = "blocked-conv"
  public let summary =
    "f32 on vector targets, 1 or 2 spatial axes: register tile of positions by vectors of channels, zero border"

  /// The lowering.
  public init() {}

  public func supports(_ op: OpRef<Convolution>, in graph: Graph, on target: Target) -> Bool {
    let lanes = target.lanes(32)
    let shape = ConvolutionShape(op, in: graph)
    guard lanes > 1, shape.result.element == .f32, shape.axes.count <= 2 else { return false }
    guard shape.groups > 1 else { return true }
    // Groups read a window of channels; what that costs in vain must not eat what vectors gain.
    let channels = GroupedChannels(shape: shape, factor: lanes)
    let isConstant = graph.operand(op, .weight).flatMap { graph.tensor($0) } != nil
    return channels.window == shape.inputs
      || isConstant && channels.excess <= Double(max(2, lanes / 4))
  }

  public func lower(
    _ op: OpRef<Convolution>, in context: inout LoweringContext
  ) throws(LoweringError) {
    let shape = ConvolutionShape(op, in: context.graph)
    guard shape.result.shape.elementCount > 0 else { return }
    guard let input = context.graph.operand(op, .input),
      let weight = context.graph.operand(op, .weight)
    else { unreachable("a verified convolution has its operands") }
    let lanes = context.target.lanes(32)
    let place = ResultPlace(context.result(of: op), lanes: lanes, in: &context)
    let source = Self.haloed(context.view(of: input), shape, in: &context)

    let plane = OutputPlane(shape, input: source.layout)
    let blocks = (shape.weight.shape[0] + lanes - 1) / lanes
    var tile = RegisterTile.best(
      height: plane.height, width: plane.width, blocks: blocks, on: context.target)
    if shape.groups > 1 {
      tile.vectors = (1...tile.vectors).last {
        GroupedChannels(shape: shape, factor: $0 * lanes).window
          == GroupedChannels(shape: shape, factor: lanes).window
      } ?? 1
    }
    let channels = GroupedChannels(shape: shape, factor: tile.vectors * lanes)
    let block = source.layout.blockFactor(along: 1)

    var k = KernelBuilder("conv")
    let x = k.input("x", source)
    let w = k.input("w", Self.packed(weight, channels, block: block, in: &context))
    let start = AccumulatorStart(
      bias: context.graph.operand(op, .bias), element: .f32, lanes: lanes, kernel: &k,
      in: &context)
    let value = context.graph.result(op)
    let epilogue = context.epilogue(
      laneDimension: 1, lanes: lanes, providing: value, kernel: &k)
    let y = k.output("y", place.view, mayAlias: !epilogue.parameters.isEmpty)
    let body = BlockedConvolutionBody(
      shape: shape, plane: plane, tile: tile, lanes: lanes, channels: channels, block: block,
      x: x, w: w, y: y, start: start, epilogue: epilogue, value: value)
    body.build(&k)
    context.add(k, [x, w, y] + start.parameters + epilogue.parameters)
    place.finish(in: &context)
  }

  /// The input, copied to a layout with a border of zeros if it has none that is wide enough.
  static func haloed(
    _ view: TensorView, _ shape: ConvolutionShape, in context: inout LoweringContext
  ) -> TensorView {
    if view.layout.covers(shape.halo) { return view }
    let factor = view.layout.blockFactor(along: 1)
    return context.relayout(
      view, to: .blocked(shape.input, dimension: 1, factor: factor, halo: shape.halo))
  }

  /// The weights in the order in which they are read: [tile][block of input channels][taps][input channel][channels of the tile].
  private static func packed(
    _ weight: ValueID, _ channels: GroupedChannels, block: Int,
    in context: inout LoweringContext
  ) -> TensorView {
    var type = channels.shape.weight
    let dense = context.graph.tensor(weight).flatMap { channels.expanded($0) }
    if let dense { type = dense.type }
    let taps = (2..<type.shape.rank).map { (dimension: $0, part: BufferLayout.Axis.Part.whole) }
    var order: [(dimension: Int, part: BufferLayout.Axis.Part)] = [
      (0, .outer(factor: channels.factor))
    ]
    if block > 1 {
      order += [(1, .outer(factor: block))] + taps + [(1, .inner(factor: block))]
    } else {
      order += [(1, .whole)] + taps
    }
    order.append((0, .inner(factor: channels.factor)))
    let layout = BufferLayout(type, order: order)
    if let dense {
      return context.constant(
        layout, Packing.pack(dense, as: layout), name: context.graph.name(of: weight),
        source: weight)
    }
    return context.packed(weight, as: layout)
      ?? context.relayout(context.view(of: weight), to: layout)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Convolution of bytes by constant weights on targets with vectors: a tile of positions times vectors of sums stays in registers,
/// four channels of the input are multiplied at a time, and zero points are part of the bias and of the border around the input
/// (Jacob et al. 2018, section 2.3).
public struct DotConvolution: BorderedConvolution {
  public let name = "dot-conv"
  public let summary =
    "integers of 8 or 16 bits by constant weights on x86 and AArch64: four channels at a time into vectors of outputs, border of zero points"

  /// The lowering.
  public init() {}

  public func supports(_ op: OpRef<Convolution>, in graph: Graph, on target: Target) -> Bool {
    guard let operands = IntegerOperands(op, in: graph),
      let form = DotForm(operands.input, on: target), form != .words
    else { return false }
    let shape = ConvolutionShape(op, in: graph)
    return shape.axes.count <= 2 && shape.groups == 1
  }

  public func lower(
    _ op: OpRef<Convolution>, in context: inout LoweringContext
  ) throws(LoweringError) {
    guard let layer = IntegerConvolution(op, in: context.graph) else { return }
    let (shape, operands) = (layer.shape, layer.operands)
    guard let form = DotForm(operands.input, on: context.target) else {
      unreachable("what is supported has a form")
    }
    let lanes = form.lanes(on: context.target)
    let place = ResultPlace(context.result(of: op), lanes: lanes, in: &context)
    let source = Self.source(
      context.view(of: layer.input), shape, lanes: lanes, zero: operands.inputZero, in: &context)
    let plane = OutputPlane(shape, input: source.layout)
    let tile = RegisterTile.best(
      height: plane.height, width: plane.width,
      blocks: (shape.weight.shape[0] + lanes - 1) / lanes, on: context.target)
    let weights = DotWeights(
      form: form, lanes: lanes, vectors: tile.vectors,
      matrix: DotMatrix(convolution: operands.weight), overlaps: false)
    let name = context.graph.name(of: layer.weight)

    var k = KernelBuilder("conv")
    let x = k.input("x", source)
    let w = k.input("w", weights.packed(name: name, in: &context))
    let zero = operands.inputZero + form.relabeling(of: shape.input.element)
    let start = k.input(
      "start",
      weights.matrix.starts(
        bias: operands.bias, zero: zero, fillingUpTo: weights.width, name: "\(name)_start",
        in: &context))
    let epilogue = context.epilogue(
      laneDimension: 1, lanes: lanes, providing: layer.result, kernel: &k)
    let y = k.output("y", place.view, mayAlias: !epilogue.parameters.isEmpty)
    DotConvolutionBody(
      shape: shape, plane: plane, tile: tile, weights: weights,
      block: source.layout.blockFactor(along: 1), x: x, w: w, y: y, start: start,
      epilogue: epilogue, value: layer.result
    ).build(&k)
    context.add(k, [x, w, y, start] + epilogue.parameters)
    place.finish(in: &context)
  }

  /// The input where four channels of a position lie side by side, with a border of zero points if the taps leave it: a copy if it
  /// does not lie so.
  static func source(
    _ view: TensorView, _ shape: ConvolutionShape, lanes: Int, zero: Int64,
    in context: inout LoweringContext
  ) -> TensorView {
    let channels = shape.input.shape[1]
    let factor = stride(from: 4, to: lanes, by: 4).first { $0 >= channels && $0 & ($0 - 1) == 0 }
    let blocks = BufferLayout.blocked(
      shape.input, dimension: 1, factor: factor ?? max(lanes, 4), halo: shape.halo)
    return bordered(
      view, shape, border: zero, else: blocks, if: { $0.hasRuns(of: 4, along: 1) }, in: &context)
  }
}

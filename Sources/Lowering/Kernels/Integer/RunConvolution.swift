// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Convolution of small integers by constant weights where all products of two vectors are summed to one number: channels lie
/// innermost, in a border of zero points, so that taps side by side are one run of numbers. Where a run is not made of whole vectors, what a position
/// reads is copied together before (as in Lai et al. 2018).
public struct RunConvolution: BorderedConvolution {
  public let name = "run-conv"
  public let summary =
    "integers by constant weights, 8 bits on Helium, 16 bits where there is SMLAD: numbers side by side, two positions by two outputs"

  /// The lowering.
  public init() {}

  public func supports(_ op: OpRef<Convolution>, in graph: Graph, on target: Target) -> Bool {
    guard let operands = IntegerOperands(op, in: graph),
      let form = RunForm(operands.input, on: target)
    else { return false }
    let shape = ConvolutionShape(op, in: graph)
    let count = shape.axes.map(\.kernel).reduce(shape.inputs, *)
    return shape.axes.count <= 2 && count >= form.lanes / 2
  }

  public func lower(
    _ op: OpRef<Convolution>, in context: inout LoweringContext
  ) throws(LoweringError) {
    guard let layer = IntegerConvolution(op, in: context.graph) else { return }
    let (shape, operands) = (layer.shape, layer.operands)
    guard let form = RunForm(operands.input, on: context.target) else {
      unreachable("what is supported has a form")
    }
    let source = Self.bordered(
      context.view(of: layer.input), shape, border: operands.inputZero,
      else: .channelsLast(shape.input, halo: shape.halo),
      if: { $0.stride(along: 1) == 1 }, in: &context)
    let result = context.result(of: op)
    let last = shape.axes[shape.axes.count - 1]
    let isJoined = shape.groups == 1 && last.dilation == 1
      && source.layout.stride(along: shape.axes.count + 1) == shape.inputs
    let run = isJoined ? last.kernel * shape.inputs : shape.inputs
    let matrix = DotMatrix(convolution: operands.weight)
    let isCopied = run % form.lanes != 0
    let weights = RunWeights(
      form: form, matrix: matrix, groups: shape.groups, units: min(2, shape.outputs),
      length: isCopied ? matrix.taps * matrix.inputs : run, overlaps: false)
    let name = context.graph.name(of: layer.weight)

    var k = KernelBuilder("conv")
    let x = k.input("x", source)
    let w = k.input("w", weights.packed(name: name, in: &context))
    let start = k.input(
      "start",
      matrix.starts(
        bias: operands.bias,
        zero: operands.inputZero + form.relabeling(of: shape.input.element),
        fillingUpTo: 1, name: "\(name)_start", in: &context))
    let epilogue = context.epilogue(laneDimension: 1, lanes: 1, providing: layer.result, kernel: &k)
    let y = k.output("y", result, mayAlias: !epilogue.parameters.isEmpty)
    var parameters = [x, w, start, y] + epilogue.parameters
    var copy: TensorParameter?
    if isCopied, let extents = Shape([RunConvolutionBody.pixels, weights.vectors * weights.lanes]) {
      let view = context.scratch(
        .rowMajor(TensorType(shape.input.element, extents)), name: "\(name)_inputs")
      let parameter = k.output("inputs", view)
      parameters.append(parameter)
      copy = parameter
    }
    RunConvolutionBody(
      shape: shape, plane: OutputPlane(shape, input: source.layout, output: result.layout),
      run: run, sum: RunSum(weights: weights, w: w), x: x, copy: copy, y: y, start: start,
      epilogue: epilogue, value: layer.result
    ).build(&k)
    context.add(k, parameters)
  }
}

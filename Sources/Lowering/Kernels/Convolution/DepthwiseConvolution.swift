// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Convolution of each channel by itself, by vectors over blocks of channels: a run of positions of one row at a time, taps
/// written out, a border of zeros (of zero points, where bytes are multiplied by constant weights) around the input.
public struct DepthwiseConvolution: BorderedConvolution {
  public let name = "depthwise-conv"
  public let summary =
    "f32, or bytes by constant weights, on vector targets, one filter for each channel: vectors of channels, several positions"

  /// The lowering.
  public init() {}

  public func supports(_ op: OpRef<Convolution>, in graph: Graph, on target: Target) -> Bool {
    let shape = ConvolutionShape(op, in: graph)
    return Self.lanes(shape, on: target) > 1 && shape.axes.count <= 2
      && shape.inputs == 1 && shape.outputs == 1 && shape.groups > 1
      && (shape.result.element == .f32 || IntegerOperands(op, in: graph) != nil)
  }

  private static func lanes(_ shape: ConvolutionShape, on target: Target) -> Int {
    switch shape.result.element {
    case .f32: target.lanes(32)
    case .i32: DotForm(on: target)?.lanes(on: target) ?? 1
    default: 1
    }
  }

  public func lower(
    _ op: OpRef<Convolution>, in context: inout LoweringContext
  ) throws(LoweringError) {
    let shape = ConvolutionShape(op, in: context.graph)
    guard shape.result.shape.elementCount > 0 else { return }
    guard let input = context.graph.operand(op, .input),
      let weight = context.graph.operand(op, .weight)
    else { unreachable("a verified convolution has its operands") }
    let lanes = Self.lanes(shape, on: context.target)
    let element = shape.result.element
    let integers = IntegerOperands(op, in: context.graph)
    let place = ResultPlace(context.result(of: op), lanes: lanes, in: &context)
    let zero = integers?.inputZero ?? 0
    let source = Self.bordered(
      context.view(of: input), shape, border: zero,
      else: .blocked(shape.input, dimension: 1, factor: lanes, halo: shape.halo),
      if: { $0.hasRuns(of: lanes, along: 1) }, in: &context)
    let order = BufferLayout(
      shape.weight,
      order: [(0, .outer(factor: lanes)), (1, .whole)]
        + (2..<shape.weight.shape.rank).map { ($0, .whole) } + [(0, .inner(factor: lanes))])

    var k = KernelBuilder("depthwise")
    let x = k.input("x", source)
    let w = k.input(
      "w",
      context.packed(weight, as: order)
        ?? context.relayout(context.view(of: weight), to: order))
    let start: AccumulatorStart
    if let integers {
      let starts = DotMatrix(convolution: integers.weight).starts(
        bias: integers.bias, zero: zero, fillingUpTo: lanes,
        name: "\(context.graph.name(of: weight))_start", in: &context)
      start = AccumulatorStart(starts, lanes: lanes, kernel: &k)
    } else {
      start = AccumulatorStart(
        bias: context.graph.operand(op, .bias), element: element, lanes: lanes, kernel: &k,
        in: &context)
    }
    let value = context.graph.result(op)
    let epilogue = context.epilogue(
      laneDimension: 1, lanes: lanes, providing: value, kernel: &k)
    let y = k.output("y", place.view, mayAlias: !epilogue.parameters.isEmpty)

    let horizontal = shape.axes[shape.axes.count - 1]
    let vertical = shape.axes.count == 2 ? shape.axes[0] : .single
    let run = Self.run(width: horizontal.output, on: context.target)
    func coordinates(_ n: Index, _ c: Index, _ row: Index, _ column: Index) -> [Index] {
      shape.axes.count == 2 ? [n, c, row, column] : [n, c, column]
    }

    /// The sums for `size` positions of a row.
    func compute(_ n: Index, _ c: Index, _ oy: Index, _ ox: Index, size: Int, _ k: inout KernelBuilder) {
      let first = k.bind("b", start.value(at: c, k))
      let sums = k.registers("acc", [size], initial: first)
      let isSmall = vertical.kernel * horizontal.kernel * size <= 256
      k.loop("ky", 0..<vertical.kernel, isSmall ? .unrolled : .serial) { k, ky in
        k.loop("kx", 0..<horizontal.kernel, .unrolled) { k, kx in
          let taps = shape.axes.count == 2 ? [ky, kx] : [kx]
          let factor = k.bind("w", k.load(w, [c, 0] + taps, lanes: lanes).converted(to: element))
          for p in 0..<size {
            let place = coordinates(
              n, c, vertical.coordinate(oy, tap: ky), horizontal.coordinate(ox + p, tap: kx))
            let sum = Expression.register(sums, [Index(p)])
            let input = k.load(x, place, lanes: lanes).converted(to: element)
            k.set(sums, [Index(p)], sum.adding(input, times: factor))
          }
        }
      }
      for p in 0..<size {
        let place = coordinates(n, c, oy, ox + p)
        let result = epilogue.apply(
          [value: .register(sums, [Index(p)])], at: place, lanes: lanes, kernel: &k)
        k.store(y, place, result)
      }
    }
    k.loops(["n", "cb", "oy"], [shape.batch, (shape.groups + lanes - 1) / lanes, vertical.output]) {
      k, outer in
      for tiles in RegisterTile.tiles(of: horizontal.output, by: run) {
        k.loop("ox", tiles.range) { k, ox in
          compute(outer[0], outer[1] * lanes, outer[2], ox * run, size: tiles.size, &k)
        }
      }
    }
    context.add(k, [x, w, y] + start.parameters + epilogue.parameters)
    place.finish(in: &context)
  }

  /// Positions in a run: up to a third of the registers (the rest is for inputs and a weight), dividing the width if possible.
  private static func run(width: Int, on target: Target) -> Int {
    let most = min(max(target.vectorRegisters / 3, 2), 8, width)
    return (max(most / 2, 1)...most).last { width % $0 == 0 } ?? most
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Transposed convolution from the output's side: each output position sums over the taps that reach it, whose bounds are computed
/// from the position, so that nothing is scattered and no tap is tested.
public struct GatheredTransposedConvolution: OpLowering {
  public let name = "gathered-conv-transpose"
  public let summary = "any transposed convolution: each output position gathers the taps that reach it"
  public let acceptsTail = true

  /// The lowering.
  public init() {}

  public func wish(
    _ op: OpRef<TransposedConvolution>, in graph: Graph, on target: Target
  ) -> LayoutWish { .blockedChannels }

  public func lower(
    _ op: OpRef<TransposedConvolution>, in context: inout LoweringContext
  ) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input),
      let weight = context.graph.operand(op, .weight)
    else { unreachable("a verified transposed convolution has its operands") }
    let value = context.graph.result(op)
    let type = context.graph.type(of: value)
    guard type.shape.elementCount > 0 else { return }
    let inputType = context.graph.type(of: input)
    let weightType = context.graph.type(of: weight)
    let axes = Self.axes(op.attributes, input: inputType, weight: weightType, result: type)
    let groups = op.groups
    let (inputs, outputs) = (inputType.shape[1] / groups, weightType.shape[1])
    let tile = ChannelTile(type.element, outputs: outputs, groups: groups, on: context.target)
    let place = ResultPlace(context.result(of: op), lanes: tile.lanes, in: &context)

    var k = KernelBuilder("conv_transpose")
    let x = k.input("x", context.view(of: input))
    let w = k.input("w", Self.packed(weight, weightType, tile, in: &context))
    let start = AccumulatorStart(
      bias: context.graph.operand(op, .bias), element: type.element, lanes: tile.lanes,
      kernel: &k, in: &context)
    let epilogue = context.epilogue(
      laneDimension: 1, lanes: tile.lanes, providing: value, kernel: &k)
    let y = k.output("y", place.view, mayAlias: !epilogue.parameters.isEmpty)

    /// Adds the taps' products to the sums of one position.
    func gather(
      _ sums: RegisterArray, _ units: Int, _ n: Index, _ g: Index, _ channel: Index,
      _ position: [Index], _ taps: [(tap: Index, input: Index)], _ k: inout KernelBuilder
    ) {
      if taps.count < axes.count {
        let own = axes[taps.count].taps(at: position[taps.count])
        k.loop("j\(taps.count)", from: own.from, to: own.to, within: 0..<own.limit) { k, j in
          gather(sums, units, n, g, channel, position, taps + [own.at(j)], &k)
        }
        return
      }
      k.loop("ic", 0..<inputs) { k, ic in
        let from = g * inputs + ic
        let number = k.load(x, [n, from] + taps.map(\.input))
        let factor = k.bind("x", number.converted(to: start.type.element)).splat(tile.lanes)
        for u in 0..<units {
          let coordinates = [from, channel + u * tile.lanes] + taps.map(\.tap)
          let other = k.load(w, coordinates, lanes: tile.lanes).converted(to: start.type.element)
          let sum = Expression.register(sums, [Index(u)])
          k.set(sums, [Index(u)], sum.adding(factor, times: other))
        }
      }
    }
    k.loops(["n", "g"], [type.shape[0], groups]) { k, outer in
      for run in tile.runs(of: outputs) {
        k.loop("ot", run.tiles) { k, ot in
          // Weights number the channels inside a group, the result all of them.
          let own = ot * tile.channels
          let channel = outer[1] * outputs + own
          k.loops(["oz", "oy", "ox"].suffix(axes.count), axes.map(\.output)) { k, position in
            let sums = k.registers("acc", [run.units], initial: start.zero)
            for u in 0..<run.units {
              k.set(sums, [Index(u)], start.value(at: channel + u * tile.lanes, k))
            }
            gather(sums, run.units, outer[0], outer[1], own, position, [], &k)
            for u in 0..<run.units {
              let place = [outer[0], channel + u * tile.lanes] + position
              let result = epilogue.apply(
                [value: .register(sums, [Index(u)])], at: place, lanes: tile.lanes, kernel: &k)
              k.store(y, place, result)
            }
          }
        }
      }
    }
    context.add(k, [x, w, y] + start.parameters + epilogue.parameters)
    place.finish(in: &context)
  }

  private static func axes(
    _ op: TransposedConvolution, input: TensorType, weight: TensorType, result: TensorType
  ) -> [TransposedAxis] {
    (0..<input.shape.rank - 2).map { i in
      TransposedAxis(
        input: input.shape[i + 2], output: result.shape[i + 2], kernel: weight.shape[i + 2],
        stride: op.strides.isEmpty ? 1 : op.strides[i],
        dilation: op.dilations.isEmpty ? 1 : op.dilations[i],
        before: op.padding.isEmpty ? 0 : op.padding[i])
    }
  }

  /// The weights in the order in which they are read: [tile of output channels][taps][input channel][channels of the tile].
  private static func packed(
    _ weight: ValueID, _ type: TensorType, _ tile: ChannelTile, in context: inout LoweringContext
  ) -> TensorView {
    let taps = (2..<type.shape.rank).map { (dimension: $0, part: BufferLayout.Axis.Part.whole) }
    let factor = tile.channels
    let layout = BufferLayout(
      type,
      order: factor == 1
        ? [(1, .whole)] + taps + [(0, .whole)]
        : [(1, .outer(factor: factor))] + taps + [(0, .whole), (1, .inner(factor: factor))])
    return context.packed(weight, as: layout)
      ?? context.relayout(context.view(of: weight), to: layout)
  }
}

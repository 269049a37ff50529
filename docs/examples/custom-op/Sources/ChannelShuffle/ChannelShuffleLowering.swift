// SPDX-License-Identifier: Apache-2.0
public import Fettle

/// A channel shuffle as loops: each channel is copied to its place. The tensors are reached through their layouts, so
/// blocks of channels, halos and slices of other tensors are no matter here.
public struct ChannelShuffleLowering: OpLowering {
  public let name = "channel_shuffle"
  public let summary = "a copy, channel by channel"

  public init() {}

  public func lower(
    _ op: OpRef<ChannelShuffle>, in context: inout LoweringContext
  ) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      throw LoweringError("the operand is missing")
    }
    var k = KernelBuilder("channel_shuffle")
    let x = k.input("x", context.view(of: input))
    let y = k.output("y", context.result(of: op))
    let shape = y.layout.type.shape
    guard shape.elementCount > 0 else { return }
    let size = shape[1] / op.groups
    k.loops(["n", "j", "g"], [shape[0], size, op.groups] + shape.extents[2...]) { k, at in
      let value = k.load(x, [at[0], at[2] * size + at[1]] + at[3...])
      k.store(y, [at[0], at[1] * op.groups + at[2]] + at[3...], value)
    }
    context.add(k, [x, y])
  }
}

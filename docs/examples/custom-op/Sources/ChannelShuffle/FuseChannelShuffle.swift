// SPDX-License-Identifier: Apache-2.0
public import Fettle

/// Puts the op in place of the three by which models spell it:
///
///     %a = reshape %x     : f32[n,g,c,h,w]
///     %b = transpose %a {permutation=[0,2,1,3,4]}   →   %y = channel_shuffle %x {groups=g}
///     %y = reshape %b     : f32[n,g*c,h,w]
public struct FuseChannelShuffle: PatternPass {
  public static let name = "fuse-channel-shuffle"
  public static let summary = "reshape, transpose, reshape that shuffle channels become channel_shuffle"
  public static let effect = NumericEffect.exact

  public init() {}

  public func rewrite(_ op: OpRef<Reshape>, _ rw: inout Rewriter) throws(Declined) {
    let swap = try rw.producer(of: try rw.operand(op, .input), as: Transpose.self)
    let split = try rw.producer(of: try rw.operand(swap, .input), as: Reshape.self)
    let x = try rw.operand(split, .input)
    let (whole, parts) = (rw.graph.type(of: x), rw.graph.type(of: rw.graph.result(split)).shape)
    try rw.require(rw.graph.type(of: rw.graph.result(op)) == whole, "the shape is another in the end")
    try rw.require(
      whole.shape.rank >= 2 && parts.rank == whole.shape.rank + 1
        && parts[0] == whole.shape[0] && Array(parts.extents[3...]) == Array(whole.shape.extents[2...]),
      "more than the channels are split")
    try rw.require(
      swap.permutation == [0, 2, 1] + Array(3..<parts.rank), "other axes than the groups change places")
    try rw.substitute(op.id, by: ChannelShuffle(groups: parts[1]), [x])
  }
}

extension Toolkit {
  /// Adds the op, its lowering and the pass that finds it.
  public mutating func addChannelShuffle() {
    ops = OpSet(ops.kinds + [ChannelShuffle.self])
    lowerings = LoweringTable([ChannelShuffleLowering()] + lowerings.lowerings)
    passes.append(FuseChannelShuffle.self)
  }
}

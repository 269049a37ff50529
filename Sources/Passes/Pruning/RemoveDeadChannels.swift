// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting
import Tensors

/// Removes channels that hold the same number whatever the input is, or that nothing reads:
/// all-zero filters, rectified negative biases, channels that the next layer weighs with zero,
/// unused outputs. What a constant channel added to the next layer goes into its bias.
///
///     %a = conv %x, @w, @b                   %a = conv %x, @w', @b'        fewer filters
///     %r = unary %a {function=relu}    →     %r = unary %a
///     %y = conv %r, @v, @c                   %y = conv %r, @v', @c'        fewer input channels
///
/// Channels joined elementwise (a residual sum) leave together or not at all. A constant other than
/// zero stays in front of a padded convolution: it counts less at the border than inside.
public struct RemoveDeadChannels: Pass {
  public static let name = "remove-dead-channels"
  public static let summary =
    "removes channels that are constant or never read, and folds the constants into biases"
  public static let effect = NumericEffect.reassociates

  public init() {}

  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    // The driver alone removes what no output depends on.
    try GreedyDriver(pass: Self.name, []).run(on: &graph)
    let constants = ChannelConstants(of: graph)
    let demand = ChannelDemand(of: graph, constants)
    for value in graph.constantIDs { graph.tensor(value)?.bytes.release() }
    let kept = demand.kept(in: graph)
    if kept.isEmpty { return }
    ChannelRemoval(kept: kept, constants: constants).apply(to: &graph)
  }
}

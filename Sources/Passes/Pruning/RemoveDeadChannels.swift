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
/// Channels joined elementwise (a residual sum) leave together or not at all. The groups of a
/// convolution leave whole, or lose as many channels as the others. A constant other than zero
/// stays in front of a padded convolution: it counts less at the border than inside; and in front of
/// a layer of dequantized weights, whose bias has steps.
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
    tell(context.observer, graph, kept, constants)
    if kept.isEmpty { return }
    ChannelRemoval(kept: kept, constants: constants).apply(to: &graph)
    // What made the weights of quantized layers is not read any more.
    try GreedyDriver(pass: Self.name, []).run(on: &graph)
  }

  /// Tells of each op that loses channels, and why others keep those that are constant.
  private func tell(
    _ observer: (any PassObserver)?, _ graph: Graph, _ kept: [ValueID: [Int]],
    _ constants: ChannelConstants
  ) {
    let trace = RewriteTrace(pass: Self.name, rewrite: "drop-channels", observer)
    guard trace.isWatched else { return }
    for op in graph.opIDs {
      let result = graph.results(of: op)[0]
      let idle = constants[result, in: graph].count { $0 != nil }
      if kept[result] != nil {
        trace.applied(op, graph)
      } else if idle > 0 {
        let reader = graph.uses(of: result).first.map { graph.definition(of: $0.user) }
        let what = reader.map { "'\(type(of: $0).name)' needs them" } ?? "they are an output"
        trace.declined(op, "\(idle) channels are constant, but \(what)", graph)
      } else if graph.definition(of: op) is any ChannelFlow {
        trace.declined(op, "no channel is constant or unread", graph)
      } else {
        trace.declined(op, "the op is not known to keep channels apart", graph)
      }
    }
  }
}

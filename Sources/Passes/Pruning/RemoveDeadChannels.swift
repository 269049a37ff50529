// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting
import Tensors

/// Removes channels that hold the same number whatever the input is, or that nothing reads:
/// all-zero filters, rectified negative biases, channels that the next layer weighs with zero,
/// unused outputs. What a constant channel added to the next layer goes into its bias.
///
/// Training with weight decay leaves filters of 1e-20 or less where one would expect zeros. A filter whose largest weight is
/// at most `tolerance` of the largest of its layer counts as zero: what it adds to the bias is far below what single
/// precision rounds. That does not hold where an op before the next layer makes small numbers large (a `batch_norm` or
/// `normalize`, so that `fold-batch-norm` goes first, a sign, a root), or the next layer itself weighs the channel by so much:
/// if outputs are seen to move by more than 1e-5 of the largest, only channels that are constant to the last bit leave.
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

  public static let options: [Field<Self>] = [
    Field(
      "tolerance", \.tolerance,
      "the largest weight of a filter that counts as zero, as a share of the layer's largest; 0: none")
  ]
  /// The largest weight of a filter that counts as zero, as a share of the layer's largest.
  public var tolerance = 0x1p-40

  public init() {}

  /// - Throws: if the tolerance is negative or beyond the precision of f32.
  public func check(_ context: PassContext) throws(Failure) {
    // Beyond that the pass would do more than another order of sums does.
    guard tolerance >= 0, tolerance <= 0x1p-23 else {
      throw Failure("tolerance is \(tolerance), expected 0 to \(0x1p-23), the precision of f32")
    }
  }

  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    // The driver alone removes what no output depends on.
    try GreedyDriver(pass: Self.name, []).run(on: &graph)
    try remove(within: tolerance, from: &graph, &context)
  }

  /// Removes what is constant to within a tolerance; if that is seen to move outputs, what is constant to the last bit.
  private func remove(
    within tolerance: Double, from graph: inout Graph, _ context: inout PassContext
  ) throws(Failure) {
    let constants = ChannelConstants(of: graph, within: tolerance)
    let demand = ChannelDemand(of: graph, constants)
    for value in graph.constantIDs { graph.tensor(value)?.bytes.release() }
    let kept = demand.kept(in: graph)
    let rounded = Self.rounded(graph, kept, constants)
    // Kept only if it is to be compared with: a snapshot would make the removal copy the graph.
    let before = rounded == nil ? nil : graph
    if rounded == nil { tell(context.observer, graph, kept, constants) }
    if kept.isEmpty { return }
    ChannelRemoval(kept: kept, constants: constants).apply(to: &graph)
    // What made the weights of quantized layers is not read any more.
    try GreedyDriver(pass: Self.name, []).run(on: &graph)
    guard let rounded, let before else { return }
    let change = try? context.meter?.change(from: before, to: graph)
    let share = "whose weights are at most \(Float(tolerance)) of the largest of their layer (\(rounded.layers))"
    if let change, change.share > Self.largestChange {
      context.notes.append(
        "\(Self.name): channels \(share) stay, as outputs would move by \(change)")
      graph = before
      return try remove(within: 0, from: &graph, &context)
    }
    tell(context.observer, before, kept, constants)
    let who = rounded.count == 1 ? "1 channel leaves" : "\(rounded.count) channels leave"
    let effect = change.map { "outputs move by \($0)" } ?? "what that does to outputs is not measured"
    context.notes.append("\(Self.name): \(who) \(share); \(effect)")
  }

  /// How far outputs may move, as a share of the largest: what another order of sums does to them.
  private static let largestChange = 1e-5

  /// The channels that leave though they are not constant to the last bit, and words on where; nil if there are none.
  private static func rounded(
    _ graph: Graph, _ kept: [ValueID: [Int]], _ constants: ChannelConstants
  ) -> (count: Int, layers: String)? {
    var layers: [String] = []
    var total = 0
    for op in graph.opIDs {
      let result = graph.results(of: op)[0]
      guard let stays = kept[result].map(Set.init) else { continue }
      let count = constants.rounded(result).count { !stays.contains($0) }
      guard count > 0 else { continue }
      total += count
      layers.append("\(count) of '\(graph.location(of: op).layers.first ?? graph.name(of: result))'")
    }
    if layers.isEmpty { return nil }
    let others = layers.count > 4 ? ["some of \(layers.count - 4) others"] : []
    return (total, (layers.prefix(4) + others).joined(separator: ", "))
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

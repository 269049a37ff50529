// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// What is expected of the values of a float graph without running it: from the means and
/// deviations that folded batch normalisations have left, and what ops make of them.
struct MomentAnalysis {
  private var known: SideTable<ValueRecord, ChannelMoments?> = SideTable(default: nil)

  /// - Parameters:
  ///   - reach: how many deviations a range reaches to both sides of the mean.
  ///   - input: the range of the inputs, whose elements are taken to be spread evenly over it; nil
  /// if
  ///     nothing is known of them.
  init(of graph: Graph, reach: Double, input: ClosedRange<Double>? = nil) {
    for port in graph.inputs {
      let type = graph.type(of: port.value)
      guard let range = Self.range(of: type.element) ?? input else { continue }
      let (low, high) = (range.lowerBound, range.upperBound)
      let deviation = (high / 2 - low / 2) / 3.0.squareRoot()
      known[port.value] = ChannelMoments(count: Self.channels(of: type)) { _ in
        (low / 2 + high / 2, deviation, low, high)
      }
    }
    let scope = Rewriter(graph)
    for op in graph.opIDs {
      let results = graph.results(of: op)
      for result in results {
        known[result] = Self.annotated(result, graph, reach)
      }
      guard results.count == 1, known[results[0]] == nil,
        let flow = graph.definition(of: op) as? any MomentFlow
      else { continue }
      let place = MomentOp(
        op: ChannelOp(graph: graph, id: op), layer: try? LinearLayer(op, scope), reach: reach,
        known: graph.operands(of: op).map { $0.flatMap { known[$0] } })
      let moments = flow.moments(place)
      known[results[0]] = moments.flatMap { $0.isFinite ? $0 : nil }
    }
  }

  /// The range of a type of few integers, such as those of pixels.
  private static func range(of element: ElementType) -> ClosedRange<Double>? {
    guard element.isInteger, element.bitCount <= 16, let limits = element.integerRange else {
      return nil
    }
    return Double(limits.lowerBound)...Double(limits.upperBound)
  }

  /// What is expected of a value; nil if nothing is known of it.
  subscript(value: ValueID) -> ChannelMoments? { known[value] }

  /// The channels of a value: the positions of axis 1, or one.
  static func channels(of type: TensorType) -> Int { type.shape.rank > 1 ? type.shape[1] : 1 }

  private static func annotated(
    _ value: ValueID, _ graph: Graph, _ reach: Double
  ) -> ChannelMoments? {
    guard let statistics = graph.statistics(of: value) else { return nil }
    let moments = ChannelMoments(
      mean: statistics.mean.map { Double($0) }, deviation: statistics.deviation.map { Double($0) },
      reach: reach)
    return moments.isFinite ? moments : nil
  }
}

/// An op with what is expected of its operands.
struct MomentOp {
  let op: ChannelOp
  /// The layer that it is, if it is one.
  let layer: LinearLayer?
  let reach: Double
  /// What is expected of its operands that are no constants, by slot.
  let known: [ChannelMoments?]

  /// The channels of the result.
  var channels: Int { MomentAnalysis.channels(of: op.result) }

  /// What is expected of the operand in a slot, constants counted.
  func operand(_ slot: Int) -> ChannelMoments? {
    if let tensor = op.tensor(slot) { return Self.moments(of: tensor) }
    return slot < known.count ? known[slot] : nil
  }

  /// The operand in a slot in the channels of the result, to which its shape is broadcast.
  func broadcast(_ slot: Int) -> ChannelMoments? {
    guard let type = op.type(slot) else { return nil }
    let missing = op.result.shape.rank - type.shape.rank
    if missing == 0 { return operand(slot)?.spread(over: channels) }
    guard let tensor = op.tensor(slot), missing > 0,
      let shape = Shape(Array(repeating: 1, count: missing) + type.shape.extents),
      let same = tensor.reshaped(to: shape)
    else { return operand(slot)?.joined.spread(over: channels) }
    return Self.moments(of: same)?.spread(over: channels)
  }

  private static func moments(of tensor: Tensor) -> ChannelMoments? {
    let channels = MomentAnalysis.channels(of: tensor.type)
    guard tensor.count > 0 else { return nil }
    let inner = tensor.shape.extents.dropFirst(2).reduce(1, *)
    var found: [ValueMoments] = Array(repeating: ValueMoments(), count: channels)
    for (i, x) in tensor.doubles().enumerated() { found[i / inner % channels].add(x) }
    let moments = ChannelMoments(count: channels) { found[$0].channel }
    return moments.isFinite ? moments : nil
  }
}

/// Sums over the elements of a channel.
private struct ValueMoments {
  private var count = 0.0
  private var sum = 0.0
  private var squares = 0.0
  private var low = Double.infinity
  private var high = -Double.infinity

  mutating func add(_ x: Double) {
    count += 1
    sum += x
    squares += x * x
    low = min(low, x)
    high = max(high, x)
  }

  var channel: ChannelMoments.Channel {
    let mean = sum / count
    return (mean, max(0, squares / count - mean * mean).squareRoot(), low, high)
  }
}

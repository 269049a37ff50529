// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting
import Tensors

/// Moves the part of a bias that every element has anyhow into the layers behind: bias absorption
/// (Nagel et al. 2019, section 4.1.3). What a channel is above zero in all but one of 740 cases, by
/// the mean β and deviation γ that a folded batch normalisation has left, is c = max(0, β − 3γ):
///
///     %a = conv %x, @w, @b          %a = conv %x, @w, @b − c
///     %r = unary %a             →   %r = unary %a
///     %y = conv %r, @v, @d          %y = conv %r, @v, @d + @v · c
///
/// The range of the activations gets smaller by that. Exact wherever the layer in front makes more
/// than c, and not for a layer behind that pads: its border would lack the part.
public struct AbsorbBiases: Pass {
  public static let name = "absorb-biases"
  public static let summary =
    "moves what channels always exceed from the bias in front into the layers behind"
  public static let effect = NumericEffect.lossy
  public static let options: [Field<Self>] = [
    Field("deviations", \.deviations, "how many deviations below the mean the part ends")
  ]
  public var deviations = 3.0

  public init() {}

  public var requires: [PassRequirement] { [.unquantizedLayers] }

  public func check(_ context: PassContext) throws(Failure) {
    guard deviations >= 0, deviations <= 100 else {
      throw Failure("deviations is \(deviations), expected 0 to 100")
    }
  }

  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    let trace = RewriteTrace(pass: Self.name, rewrite: "absorb", context.observer)
    graph.rewrite { rw in
      var next = rw.graph.opIDs.first
      while var op = next {
        if let layer = try? LinearLayer(op, rw) {
          do throws(Declined) {
            op = try absorb(layer, &rw)
            trace.applied(op, rw.graph)
          } catch {
            trace.declined(op, error.description, rw.graph)
          }
        }
        next = rw.graph.op(after: op)
      }
    }
  }

  /// Returns the op that the layer is then.
  private func absorb(_ layer: LinearLayer, _ rw: inout Rewriter) throws(Declined) -> OpID {
    guard let statistics = rw.graph.statistics(of: layer.result), layer.channelAxis == 1 else {
      throw Declined("nothing is known of the layer's result")
    }
    let parts = zip(statistics.mean, statistics.deviation).map {
      max(0, Double($0) - deviations * Double($1))
    }
    try rw.require(parts.allSatisfy(\.isFinite), "a mean or deviation is not finite")
    try rw.require(parts.contains { $0 > 0 }, "no channel is always above zero")
    let link = try ChannelLink(behind: layer, rw)
    try rw.require(link.carriesShift, "an op behind changes with what is taken away")
    try rw.require(
      link.readers.allSatisfy { $0.layer.isUniform },
      "a layer behind pads: its border would lack the part")
    var taken = ChannelAffine(uniform: 1, 0, count: parts.count)
    taken.shift = parts.map { -$0 }
    link.transformStatistics(taken, &rw)
    for (reader, repeats) in link.readers {
      let sums = reader.sums(of: (0..<reader.inputChannels).map { parts[$0 / repeats] })
      try reader.addToBias(sums, &rw)
    }
    return try layer.addToBias(taken.shift, &rw)
  }
}

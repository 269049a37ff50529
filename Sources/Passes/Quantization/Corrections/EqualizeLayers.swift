// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting
import Tensors

/// Makes the weights of layers behind each other equally large, channel by channel: cross-layer
/// equalization (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias
/// Correction", section 4.1).
///
///     %a = conv %x, @w, @b          %a = conv %x, @w / s, @b / s
///     %r = unary %a             →   %r = unary %a
///     %y = conv %r, @v              %y = conv %r, @v · s
///
/// With r₁ the largest weight that makes a channel and r₂ the largest that reads it, s is √(r₁ /
/// r₂): both are √(r₁ · r₂) then. A layer between two others is part of two such pairs; sweeps
/// over all pairs go on until nothing changes, which gives a depthwise layer between two others
/// the scales that the paper derives for three. A factor above zero passes relu, leaky relu, pools
/// and what only moves elements; where the channels have another reader, they stay as they are.
public struct EqualizeLayers: Pass {
  public static let name = "equalize-layers"
  public static let summary =
    "scales channels between layers so that the weights on both sides are equally large"
  public static let effect = NumericEffect.reassociates
  public init() {}

  public var requires: [PassRequirement] { [.unquantizedLayers] }

  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    let trace = RewriteTrace(pass: Self.name, rewrite: "equalize", context.observer)
    graph.rewrite { rw in
      var pairs = EqualizedLayers(rw, trace)
      pairs.balance()
      pairs.apply(trace, &rw)
    }
  }
}

/// Layers with the factors that make their weights equally large.
private struct EqualizedLayers {
  private struct Member {
    let layer: LinearLayer
    let magnitudes: WeightMagnitudes
    /// What the weights of each input and output channel are multiplied by.
    var inputFactors: [Double]
    var outputFactors: [Double]
    private let biases: [Double]?

    init(_ layer: LinearLayer) {
      self.layer = layer
      magnitudes = WeightMagnitudes(layer)
      biases = layer.bias?.doubles()
      inputFactors = Array(repeating: 1, count: layer.inputChannels)
      outputFactors = Array(repeating: 1, count: layer.outputChannels)
    }

    /// Whether the bias of a channel stays far from the limits of its type.
    func takes(_ factor: Double, _ channel: Int) -> Bool {
      factor > 1e-12 && factor < 1e12 && abs(biases?[channel] ?? 0) * factor < 1e24
    }
  }

  /// A change of a factor that is not worth another sweep.
  private static let tolerance = 1e-6
  /// A change of factors that is not worth other weights: equal layers stay as they are.
  private static let least = 1e-3
  private static let sweepLimit = 200

  private var members: [Member] = []
  private var links: [(link: ChannelLink, producer: Int, readers: [(member: Int, repeats: Int)])] =
    []

  /// Finds the layers whose channels can be scaled.
  init(_ rw: borrowing Rewriter, _ trace: RewriteTrace) {
    var numbers: [OpID: Int] = [:]
    for op in rw.graph.opIDs {
      guard let layer = try? LinearLayer(op, rw) else { continue }
      do {
        let link = try ChannelLink(behind: layer, rw)
        let all = [layer] + link.readers.map(\.layer)
        for layer in all where numbers[layer.op] == nil {
          numbers[layer.op] = members.count
          members.append(Member(layer))
        }
        let found = all.map { numbers[$0.op] ?? 0 }
        try rw.require(
          found.allSatisfy { members[$0].magnitudes.isFinite }, "a weight is not finite")
        let readers = zip(found.dropFirst(), link.readers).map { ($0, $1.repeats) }
        links.append((link, found[0], readers))
      } catch {
        trace.declined(op, error.description, rw.graph)
      }
    }
  }

  /// Sweeps over the pairs until no factor changes any more.
  mutating func balance() {
    for _ in 0..<Self.sweepLimit {
      var change = 0.0
      for position in links.indices { change = max(change, balance(position)) }
      if change <= Self.tolerance { break }
    }
    // A link is scaled on both sides or on none.
    for (_, producer, readers) in links {
      let factors = members[producer].outputFactors
      guard factors.allSatisfy({ abs($0 - 1) <= Self.least }) else { continue }
      members[producer].outputFactors = factors.map { _ in 1 }
      for (member, _) in readers {
        members[member].inputFactors = members[member].inputFactors.map { _ in 1 }
      }
    }
  }

  /// Makes both sides of a link equally large; returns the largest change of a factor.
  private mutating func balance(_ position: Int) -> Double {
    let (_, producer, readers) = links[position]
    let front = members[producer]
    let made = front.magnitudes.ofOutputs(front.inputFactors, front.outputFactors)
    var read = Array(repeating: 0.0, count: made.count)
    for (member, repeats) in readers {
      let back = members[member]
      let sizes = back.magnitudes.ofInputs(back.inputFactors, back.outputFactors)
      for (p, size) in sizes.enumerated() { read[p / repeats] = max(read[p / repeats], size) }
    }
    var change = 0.0
    for channel in made.indices {
      // A channel that is constant or that nobody reads has no scale to be found.
      guard made[channel] > 0, read[channel] > 0 else { continue }
      let factor = (read[channel] / made[channel]).squareRoot()
      guard front.takes(front.outputFactors[channel] * factor, channel) else { continue }
      change = max(change, abs(factor - 1))
      members[producer].outputFactors[channel] *= factor
      for (member, repeats) in readers {
        for p in channel * repeats..<(channel + 1) * repeats {
          members[member].inputFactors[p] /= factor
        }
      }
    }
    return change
  }

  /// Puts the scaled weights in.
  func apply(_ trace: RewriteTrace, _ rw: inout Rewriter) {
    for member in members {
      let layer = member.layer
      guard (member.inputFactors + member.outputFactors).contains(where: { $0 != 1 }) else {
        continue
      }
      let weights = layer.scaled { member.outputFactors[$0] * member.inputFactors[$1] }
      rw.setOperand(
        of: layer.op, slot: layer.weightSlot,
        to: rw.addConstant(weights, name: layer.name(layer.weightSlot, rw, "weight")))
      if let bias = layer.bias {
        let scaled = zip(bias.doubles(), member.outputFactors).map { $0 * $1 }
        let name = layer.name(layer.biasSlot, rw, "bias")
        rw.setOperand(
          of: layer.op, slot: layer.biasSlot,
          to: rw.addConstant(Tensor(bias.type, rounding: scaled), name: name))
      }
      trace.applied(layer.op, rw.graph)
    }
    for (link, producer, _) in links
    where members[producer].outputFactors.contains(where: { $0 != 1 }) {
      var affine = ChannelAffine(uniform: 1, 0, count: link.producer.outputChannels)
      affine.scale = members[producer].outputFactors
      link.transformStatistics(affine, &rw)
    }
  }
}

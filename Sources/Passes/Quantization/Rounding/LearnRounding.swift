// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting
import Tensors

/// Rounds weights that `quantize{rounding=later}` left open so that each layer answers on the
/// samples as the float layer does (AdaRound: Nagel et al. 2020, "Up or Down? Adaptive Rounding for
/// Post-Training Quantization").
///
/// Layer by layer, from the front: of the layer's input, as the layers in front quantize it, and of
/// its result in floats the second moments are summed over the samples. They alone decide the
/// squared error of the layer for every rounding, and a search finds a rounding with a small one;
/// see `RoundingSearch`. Functions behind a layer (a relu) have no part in the error.
///
/// With `biases` the bias of a layer is free too: the error is that about the means, and the bias
/// then makes the mean that of the floats, as `correct-bias` does.
public struct LearnRounding: Pass {
  public static let name = "learn-rounding"
  public static let summary =
    "rounds weights so that layers answer as in float on the samples (AdaRound)"
  public static let effect = NumericEffect.lossy
  public static let options: [Field<Self>] = [
    Field("moves", \.moves, "how many weights are flipped in the search, for each weight"),
    Field("damping", \.damping, "the weight of the distance from the floats, to the layer's error"),
    Field("biases", \.biases, "biases are learned with the weights"),
    Field(
      "optional", \.optional, "without samples, or a weight to round, the graph is left as it is"),
  ]
  public var moves = 3.0
  public var damping = 0.2
  public var biases = true
  public var optional = false

  public init() {}

  public var requires: [PassRequirement] { optional ? [] : [.samples] }

  public func check(_ context: PassContext) throws(Failure) {
    guard moves >= 0, moves <= 1000 else {
      throw Failure("moves is \(moves), expected 0 to 1000")
    }
    guard damping >= 0, damping <= 1e6 else {
      throw Failure("damping is \(damping), expected 0 to 1e6")
    }
  }

  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    guard let runner = context.runner, let samples = context.samples, samples.count > 0 else {
      if optional { return }
      throw Failure("there are no samples to learn from")
    }
    let floats = graph.withoutPairs()
    let weights = try graph.openWeights(atLeastOne: !optional)
    context.progress?.expect(weights.count)
    for (number, weight) in weights.enumerated() {
      let name = graph.location(of: weight.layers[0]).layers.first ?? ""
      let isCentered =
        biases && weight.layers.allSatisfy { QuantizedBias.isOpen($0, in: graph) }
      var moments = weight.layers.compactMap { layer in
        LayerVectors(layer, in: graph).map {
          LayerMoments($0, isCentered: isCentered, samples: samples.count)
        }
      }
      guard moments.count == weight.layers.count else {
        unreachable("what reads an open weight is a layer")
      }
      let probe = ReconstructionProbe(of: weight.layers, in: graph, floats: floats)
      try runner.run(probe.graph, on: samples) { (sample, tensors) throws(Failure) in
        for layer in moments.indices {
          try moments[layer].add(sample, tensors[2 * layer], tensors[2 * layer + 1])
        }
        context.progress?.advance(
          to: number, note: "\(name), sample \(sample + 1) of \(samples.count)")
      }
      for layer in moments.indices { moments[layer].finish() }
      let integers = rows(of: weight, moments)
      graph.close(weight, with: weight.tensor(integers))
      if isCentered { try correctBiases(of: weight, integers, moments, &graph) }
      context.progress?.advance(to: number + 1, note: name)
    }
  }

  private func correctBiases(
    of weight: OpenWeight, _ integers: [[Int]], _ moments: [LayerMoments], _ graph: inout Graph
  ) throws(Failure) {
    let rows = integers.enumerated().map { row, integers in
      integers.map { Double($0) * weight.scale(row) }
    }
    do throws(Declined) {
      try graph.rewrite { (rw) throws(Declined) in
        for (layer, moments) in zip(weight.layers, moments) {
          _ = try QuantizedBias.add(moments.biases(rows), to: layer, &rw)
        }
      }
    } catch {
      let name = graph.location(of: weight.layers[0]).layers.first ?? "a layer"
      throw Failure("\(name): its bias cannot be learned: \(error.description)")
    }
  }

  private func rows(of weight: OpenWeight, _ moments: [LayerMoments]) -> [[Int]] {
    let quotients = weight.quotients()
    var rows: [[Int]] = []
    let outputs = moments[0].vectors.outputs
    for group in 0..<moments[0].vectors.groups {
      var square = moments[0].squares[group]
      var product = moments[0].products[group]
      for other in moments.dropFirst() {
        square.add(other.squares[group])
        product.add(other.products[group])
      }
      let (width, length) = (square.columns, weight.rowLength)
      let share = 1 / Float(max(moments.reduce(0) { $0 + $1.count }, 1))
      let size = (0..<length).reduce(0) { $0 + square.sums[$1 * width + $1] } * share
      square.sums.withUnsafeBufferPointer { sums in
        product.sums.withUnsafeBufferPointer { products in
          let search = RoundingSearch(
            square: sums.baseAddress!, width: width, length: length, share: share,
            damping: Float(damping) * size / Float(length))
          for output in 0..<outputs {
            let row = group * outputs + output
            rows.append(
              search.integers(
                quotients[row], weight.limits, scale: weight.scale(row),
                product: products.baseAddress! + output * width,
                // Short rows take a few more.
                moves: size.isFinite && moves > 0 ? Int(moves * Double(length)) + 64 : 0))
          }
        }
      }
    }
    return rows
  }
}

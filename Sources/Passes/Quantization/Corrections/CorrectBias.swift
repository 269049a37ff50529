// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting
import Tensors

/// What the shift of a layer's mean is known from.
public enum BiasSource: String, AttributeWord {
  /// Samples, run through the float graph and the quantized one.
  case samples
  /// The means that folded batch normalisations have left, and the rounding of the weights.
  case batchNorm = "batch-norm"
}

/// Takes the shift out of the means of layers that rounding has moved: bias correction (Nagel et
/// al. 2019, section 4.2). With ε = E[y of the quantized layer] − E[y of the float layer], by
/// channel:
///
///     %y = conv %x, %w_dq, %b_dq     →     %y = conv %x, %w_dq, %b_dq − ε
///
/// From samples, both graphs are run; one layer is corrected behind the other, each on what the
/// corrected ones in front of it make. From batch normalisations, ε is the change of the weights
/// times the mean of the input, a normal distribution behind a relu or what follows from one.
public struct CorrectBias: Pass {
  public static let name = "correct-bias"
  public static let summary =
    "takes the shift of the means that rounding has made out of the biases of quantized layers"
  public static let effect = NumericEffect.lossy
  public static let options: [Field<Self>] = [
    Field("from", \.from, "what tells the means"),
    Field(
      "sweeps", \.sweeps,
      "from=samples: 0 corrects layers in order, running the samples for each level of the graph; "
        + "n corrects all layers by one run, n times"),
    Field(
      "original", \.original,
      "the float graph as a .fettle file; else the graph in front of the pass that quantized"),
  ]
  public var from = BiasSource.samples
  public var sweeps = 0
  public var original = ""

  public init() {}

  public var requires: [PassRequirement] { from == .samples ? [.samples] : [] }

  public func check(_ context: PassContext) throws(Failure) {
    guard sweeps >= 0, sweeps <= 1000 else {
      throw Failure("sweeps is \(sweeps), expected 0 to 1000")
    }
    guard from == .samples || sweeps == 0 else {
      throw Failure("sweeps goes with from=samples")
    }
  }

  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    let float = try floatGraph(context)
    let (pairs, unmatched) = LayerPair.all(in: graph, and: float)
    guard graph.opIDs.contains(where: { graph.definition(of: $0) is Dequantize }) else {
      throw Failure(
        "no layer is quantized by pairs of quantize and dequantize",
        notes: ["put it behind 'quantize', and in front of 'lower-quantized'"])
    }
    guard !pairs.isEmpty else {
      throw Failure(
        "no layer of the graph is one of the float graph",
        notes: ["layers are told by the names of their results"])
    }
    let trace = RewriteTrace(pass: Self.name, rewrite: "correct", context.observer)
    for op in unmatched { trace.declined(op, "the float graph has no such layer", graph) }
    var corrections: [[Double]?]
    switch from {
    case .samples:
      guard let runner = context.runner, let samples = context.samples, samples.count > 0 else {
        throw Failure("there are no samples to measure with")
      }
      let measurement = try BiasMeasurement(pairs, of: graph, float, runner, samples)
      corrections = try measurement.corrections(sweeps: sweeps).map { $0 }
    case .batchNorm:
      corrections = AnalyticBias(float).corrections(pairs, graph)
    }
    graph.rewrite { rw in
      for (pair, numbers) in zip(pairs, corrections) {
        do throws(Declined) {
          guard let numbers else { throw Declined("nothing is known of the layer's input") }
          trace.applied(try QuantizedBias.add(numbers, to: pair.op, &rw), rw.graph)
        } catch {
          trace.declined(pair.op, error.description, rw.graph)
        }
      }
    }
    guard corrections.contains(where: { $0 != nil }) else {
      throw Failure(
        "nothing is known of the input of any layer",
        notes: ["from=batch-norm knows what 'fold-batch-norm' has left; from=samples needs --data"])
    }
  }

  private func floatGraph(_ context: PassContext) throws(Failure) -> Graph {
    guard original.isEmpty else { return try GraphFile.read(original, ops: context.ops) }
    guard let graph = context.floatGraph else {
      throw Failure(
        "there is no float graph to compare with",
        notes: [
          "put it behind 'quantize' in one pipeline, or name the float graph: original=FILE"
        ])
    }
    return graph
  }
}

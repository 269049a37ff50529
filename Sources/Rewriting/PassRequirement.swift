// SPDX-License-Identifier: Apache-2.0
public import GraphIR

/// What a pass needs to find. The pipeline checks it before the first pass starts.
public enum PassRequirement: String, CaseIterable, Sendable {
  /// The weights of convolutions and of matrix products with a bias are constants.
  case constantWeights = "constant-weights"
  /// There are batch normalisations that no pass has folded yet.
  case unfoldedNorms = "unfolded-norms"
  /// No pass in front has made the weights of layers integers.
  case unquantizedLayers = "unquantized-layers"
  /// The context has samples and something to run a graph on.
  case samples
  /// The same, or a saved calibration.
  case calibration
  /// The context can tell how well graphs answer labelled samples.
  case labelledSamples = "labelled-samples"

  /// What stands in the way, in words for the user, or nil if the graph and the context have what
  /// is required.
  public func obstacle(in graph: Graph, _ context: PassContext) -> String? {
    switch self {
    case .constantWeights:
      let computed = graph.opIDs.filter { Self.hasComputedWeight($0, in: graph) }
      guard let first = computed.first else { return nil }
      let place = graph.location(of: first).layers.first.map { " (layer '\($0)')" } ?? ""
      return "\(computed.count) layers have weights that are computed\(place)"
    case .unfoldedNorms:
      let hasNorm = graph.opIDs.contains { graph.op($0, as: BatchNorm.self) != nil }
      return hasNorm ? nil : "the graph has no batch_norm"
    case .unquantizedLayers:
      // Layers that came quantized are left alone.
      return nil
    case .samples:
      return context.samples == nil || context.runner == nil ? "no samples are given" : nil
    case .calibration:
      if context.calibration != nil { return nil }
      return context.samples == nil || context.runner == nil
        ? "neither samples (--calibration-data, --data) nor a saved calibration (--calibration) "
          + "are given"
        : nil
    case .labelledSamples:
      return context.scorer == nil
        ? "no samples with labels are given (--calibration-data, --data)" : nil
    }
  }

  private static func hasComputedWeight(_ op: OpID, in graph: Graph) -> Bool {
    let weight: ValueID? =
      if let conv = graph.op(op, as: Convolution.self) {
        graph.operand(conv, .weight)
      } else if let conv = graph.op(op, as: TransposedConvolution.self) {
        graph.operand(conv, .weight)
      } else if let product = graph.op(op, as: MatrixMultiply.self),
        graph.operand(product, .bias) != nil
      {
        graph.operand(product, .rhs)
      } else {
        nil
      }
    return weight.map { graph.tensor($0) == nil } ?? false
  }
}

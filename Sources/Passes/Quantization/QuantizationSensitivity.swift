// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting

/// A model with each of its layers quantized alone, everything else in float: what a layer does to
/// the outputs by itself.
public struct QuantizationSensitivity {
  /// A layer that can be quantized.
  public struct Layer: Sendable {
    /// Its name, as the options of `quantize` take it.
    public let name: String
    /// The kinds of its ops.
    public let ops: [String]
  }

  /// The layers, in the order of the graph.
  public let layers: [Layer]
  private let widths: LayerWidths
  private let pass: QuantizeModel

  /// Calibrates all values of a graph once, as a pass with these options would.
  ///
  /// - Throws: what the pass would throw.
  public init(
    of graph: Graph, _ pass: QuantizeModel, _ context: inout PassContext
  ) throws(Failure) {
    try pass.check(context)
    try pass.checkLayers(of: graph)
    self.pass = pass
    let widths = try LayerWidths(of: graph, pass, &context)
    self.widths = widths
    layers = widths.groups.map { group in
      Layer(name: group.name, ops: group.ops.map { type(of: graph.definition(of: $0)).name })
    }
  }

  /// The graph with one layer of these types, and the others in float.
  public func graph(
    quantizing layer: Int, activations: ActivationElement, weights: WeightElement
  ) -> Graph {
    widths.quantized(only: widths.groups[layer], options(activations, weights))
  }

  /// The graph with all layers of these types.
  public func graph(activations: ActivationElement, weights: WeightElement) -> Graph {
    widths.quantized(options(activations, weights))
  }

  private func options(
    _ activations: ActivationElement, _ weights: WeightElement
  ) -> QuantizeModel {
    var options = pass
    (options.activations, options.weights) = (activations, weights)
    return options
  }
}

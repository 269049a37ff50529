// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// How rounding the weights has moved the means of layers, from what is expected of their inputs:
/// ε = ΔW · E[x] (Nagel et al. 2019, equation 16). Border positions, which see less of the input,
/// are taken to be like the others.
struct AnalyticBias {
  private let float: Graph
  private let analysis: MomentAnalysis

  init(_ float: Graph) {
    self.float = float
    analysis = MomentAnalysis(of: float, reach: 6)
  }

  /// What is to be added to the biases of layers; nil where nothing is known of the input.
  func corrections(_ pairs: [LayerPair], _ graph: Graph) -> [[Double]?] {
    let scope = Rewriter(float)
    return pairs.map { pair in
      guard let op = float.producer(of: pair.floatResult),
        let layer = try? LinearLayer(op, scope), let input = float.operands(of: op)[0],
        let moments = analysis[input],
        let rounded = LayerConstant(ChannelOp(graph: graph, id: pair.op), 1)?.values,
        rounded.type == layer.weight.type
      else { return nil }
      let isTold = layer.inputChannelAxis == 1
      let means = (isTold ? moments : moments.joined).spread(over: layer.inputChannels).mean
      let (before, after) = (layer.weight.doubles(), rounded.doubles())
      var numbers = Array(repeating: 0.0, count: layer.outputChannels)
      layer.forEachBlock { block, output, channel in
        for i in block { numbers[output] -= (after[i] - before[i]) * means[channel] }
      }
      return numbers
    }
  }
}

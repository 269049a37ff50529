// SPDX-License-Identifier: Apache-2.0
public import GraphIR
public import Rewriting

/// The passes of Fettle itself, in the order of the documentation: a new pass is one line here.
public let standardPasses: [any Pass.Type] = [
  Canonicalize.self,
  FoldBatchNorm.self,
  RemoveDeadChannels.self,
  ApplyRules.self,
  EqualizeLayers.self,
  AbsorbBiases.self,
  QuantizeModel.self,
  RoundWeights.self,
  RoundSquant.self,
  LearnRounding.self,
  CorrectBias.self,
  LowerQuantized.self,
]

/// What a model goes through on its way to C unless the user says otherwise: passes that keep its meaning, and of one
/// that is quantized already those that make integers of what stands between `dequantize` and `quantize`.
///
/// - Parameter keepsFloats: leaves a quantized model with the floats that it came with.
public func defaultPipeline(for graph: Graph, keepsFloats: Bool = false) -> Pipeline {
  let plain: [any Pass] = [Canonicalize(), FoldBatchNorm(), RemoveDeadChannels(), Canonicalize()]
  let isLowered = !keepsFloats && LowerQuantized.applies(to: graph)
  return Pipeline(isLowered ? plain + [LowerQuantized(), Canonicalize()] : plain)
}

// SPDX-License-Identifier: Apache-2.0
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

/// What a model goes through on its way to C unless the user says otherwise: passes that keep its meaning.
public let defaultPipeline = Pipeline([
  Canonicalize(), FoldBatchNorm(), RemoveDeadChannels(), Canonicalize(),
])

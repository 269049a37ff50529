// SPDX-License-Identifier: Apache-2.0
public import Rewriting

/// The names that stand for several passes, in the order of the documentation.
public let standardPipelines: [NamedPipeline] = [
  NamedPipeline(
    "quantize-int8", "from a float model to 8-bit integers",
    passes: quantizing("quantize{outputs=sums calibrator=mse rounding=later}")),
  NamedPipeline(
    "quantize-int16", "from a float model to activations of 16 bits and weights of 8",
    passes: quantizing("quantize{activations=i16 rounding=later}")),
]

/// The way from floats to integers around the pass that puts a model onto grids. Of the orders that
/// `Tests/Accuracy/orders.py` compares on held-back rows it is, with 8 bits, on average the nearest to
/// the float models; where there are no samples, with a saved calibration or none, SQuant rounds
/// instead.
private func quantizing(_ quantize: String) -> String {
  "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize, \(quantize), "
    + "learn-rounding{optional=true}, round-squant{optional=true}, lower-quantized, canonicalize"
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting
import Tensors

/// How a number between two integers becomes one of them.
public enum RoundingMode: String, AttributeWord {
  /// The nearest, ties to even.
  case nearest
  /// The upper with the probability of the distance to the lower, so that nothing is lost on
  /// average (Gupta et al. 2015, "Deep Learning with Limited Numerical Precision").
  case stochastic
}

/// Rounds weights that `quantize{rounding=later}` left open, each by itself.
///
///     %q = quantize @w, @s                  →     %d = dequantize @q, @s
///     %d = dequantize %q, @s
public struct RoundWeights: Pass {
  public static let name = "round-weights"
  public static let summary = "rounds weights to the nearest integer, or up or down by chance"
  public static let effect = NumericEffect.lossy
  public static let options: [Field<Self>] = [
    Field("mode", \.mode, "how a weight between two integers becomes one of them"),
    Field("seed", \.seed, "mode=stochastic: what chance begins with"),
  ]
  public var mode = RoundingMode.nearest
  public var seed = 0

  public init() {}

  public func check(_ context: PassContext) throws(Failure) {
    guard mode == .stochastic || seed == 0 else {
      throw Failure("seed goes with mode=stochastic: there is no chance in the nearest integer")
    }
  }

  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    for (number, weight) in try graph.openWeights(atLeastOne: true).enumerated() {
      let limits = weight.limits
      let rows = weight.quotients().enumerated().map { row, quotients in
        quotients.enumerated().map { position, x in
          let chance =
            mode == .nearest ? 0 : chance(weight: number, weight.place(row, position))
          return WeightGrids.nearest(mode == .nearest ? x : (x + chance).rounded(.down), limits)
        }
      }
      graph.close(weight, with: weight.tensor(rows))
    }
  }

  /// A number from 0 to 1 that depends on the seed, the number of the weight and the element alone:
  /// a hash of them in the manner of SplitMix64 (Steele et al. 2014).
  private func chance(weight: Int, _ element: Int) -> Double {
    var state: UInt64 = 0
    for part in [seed, weight, element] {
      state = state &+ UInt64(bitPattern: Int64(part)) &+ 0x9E37_79B9_7F4A_7C15
      state = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
      state = (state ^ (state >> 27)) &* 0x94D0_49BB_1331_11EB
      state ^= state >> 31
    }
    return Double(state >> 11) * 0x1p-53
  }
}

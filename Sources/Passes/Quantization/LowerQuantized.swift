// SPDX-License-Identifier: Apache-2.0
import GraphIR
public import Rewriting

/// Makes integer ops of ops between `dequantize` and `quantize`.
///
///     %d = dequantize %x, @s, @z
///     %w = dequantize @wq, @ws {axis=0}
///     %b = dequantize @bq, @bs {axis=0}         →     %a = conv %x, @wq, @bq, @z
///     %c = conv %d, %w, %b                            %q = requantize %a, @m, @zy
///     %r = unary %c
///     %q = quantize %r, @sy, @zy
///
/// The integers may differ by a step from those of the ops with floats, which round in other
/// places. What cannot be proven to stay within 32 bits keeps its floats.
public struct LowerQuantized: RewritePass {
  public static let name = "lower-quantized"
  public static let summary = "computes with integers between dequantize and quantize"
  public static let effect = NumericEffect.lossy
  public static let removes: [PassRequirement] = [.unquantizedLayers]

  public init() {}

  public var rewrites: [Rewrite] {
    [
      Rewrite("quantized-layer", IntegerLayer.rewrite),
      Rewrite("quantized-movement", IntegerMovement.rewrite),
    ]
  }
}

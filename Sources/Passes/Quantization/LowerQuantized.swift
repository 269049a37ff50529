// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
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
/// A layer without a quantize behind it has integer sums too, of which a `dequantize` makes floats.
/// The integers may differ by a step from those of the ops with floats, which round in other
/// places. What cannot be proven to stay within its bits keeps its floats.
public struct LowerQuantized: Pass {
  /// How wide sums are brought back to few bits.
  public enum Form: String, AttributeWord {
    /// As the target likes it; with a float scale if no target is known.
    case target
    /// Times an f32 scale, rounded to even.
    case float
    /// By a multiplier and a shift, without floats.
    case fixed
  }

  public static let name = "lower-quantized"
  public static let summary = "computes with integers between dequantize and quantize"
  public static let effect = NumericEffect.lossy
  public static let removes: [PassRequirement] = [.unquantizedLayers]
  public static let options: [Field<Self>] = [
    Field(
      "requantize", \.requantize,
      "how sums get back to few bits: by an f32 scale, by multiplier and shift, or as the target does it")
  ]
  public var requantize = Form.target

  public init() {}

  /// Whether there is anything in a graph for the pass to look at.
  public static func applies(to graph: Graph) -> Bool {
    graph.opIDs.contains {
      graph.definition(of: $0) is Quantize || graph.definition(of: $0) is Dequantize
    }
  }

  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    guard Self.applies(to: graph) else {
      context.warnings.append(
        Diagnostic(
          "does nothing: there is neither quantize nor dequantize in the model", severity: .warning,
          at: Origin(subject: "pass '\(Self.name)'"),
          notes: ["of a float model 'quantize' in front of it, or --int8, makes integers"]))
      return
    }
    let form: RequantizeForm =
      switch requantize {
      case .target: context.requantize ?? .float
      case .float: .float
      case .fixed: .fixedPoint
      }
    let rewrites = DequantizedMovement.rewrites + Self.rewrites(form)
    try GreedyDriver(pass: Self.name, rewrites).run(on: &graph, context.observer)
    // Only where no quantize took the layer.
    try GreedyDriver(pass: Self.name, DequantizedLayer.rewrites).run(on: &graph, context.observer)
  }

  /// The rewrites of a quantize, in the order in which they are tried.
  static func rewrites(_ form: RequantizeForm) -> [Rewrite] {
    func rewrite(
      _ name: String,
      _ body: @escaping @Sendable (OpRef<Quantize>, RequantizeForm, inout Rewriter)
        throws(Declined) -> Void
    ) -> Rewrite {
      Rewrite(name) { (op: OpRef<Quantize>, rw) throws(Declined) in try body(op, form, &rw) }
    }
    return [
      rewrite("quantized-layer", IntegerLayer.rewrite),
      rewrite("quantized-movement", IntegerMovement.rewrite),
      rewrite("quantized-table") { (op, _, rw) throws(Declined) in
        try LookupTable.rewrite(op, &rw)
      },
      rewrite("quantized-arithmetic", IntegerArithmetic.rewrite),
      rewrite("quantized-average", IntegerAverage.rewrite),
      rewrite("quantized-softmax", IntegerSoftmax.rewrite),
      rewrite("quantized-resize", IntegerResize.rewrite),
      rewrite("quantized-interpolation", IntegerInterpolation.rewrite),
    ]
  }
}

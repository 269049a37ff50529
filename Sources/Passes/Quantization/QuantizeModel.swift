// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting
import Tensors

/// What activations become.
public enum ActivationElement: String, AttributeWord { case i8, u8, i16 }
/// What weights become.
public enum WeightElement: String, AttributeWord { case i8, i4, i16 }
/// What the weights of layers with no layer in front of them, or none behind them, become.
public enum EndWeights: String, AttributeWord {
  /// The same as those of the others.
  case same
  case i8
}
/// What becomes of the result of a layer that no op computes with as integers, as at the end of a model.
public enum OutputForm: String, AttributeWord {
  /// It is rounded to a grid as others are.
  case grid
  /// It is not: floats are made of the layer's sums.
  case sums
}
/// When weights are rounded.
public enum WeightRounding: String, AttributeWord {
  /// At once, to the nearest integer.
  case nearest
  /// By a pass behind, which still finds the floats.
  case later
}

/// Puts a pair of quantize and dequantize behind every activation that layers compute with, and
/// makes weights and biases integers with a dequantize behind them. Every op still computes with
/// floats, but on numbers that integers stand for (Jacob et al. 2018).
///
///     %y = conv %x, @w, @b     →     %q = quantize %x, @s, @z
///                                    %d = dequantize %q, @s, @z
///                                    %w = dequantize @wq, @ws {axis=0}
///                                    %b = dequantize @bq, @bs {axis=0}
///                                    %y = conv %d, %w, %b
///
/// A relu or clip that alone reads a layer's result belongs to the layer: the pair comes behind it.
/// Ops that only move elements keep the grid of what they move.
public struct QuantizeModel: Pass {
  public static let name = "quantize"
  public static let summary =
    "rounds weights and activations to integer grids: quantize and dequantize around every layer"
  public static let effect = NumericEffect.lossy
  public static let removes: [PassRequirement] = [.unquantizedLayers]
  public static let options: [Field<Self>] = [
    Field("activations", \.activations, "the integer type of activations"),
    Field("weights", \.weights, "the integer type of weights; biases become i32"),
    Field("ends", \.ends, "the integer type of the weights of the first and last layers"),
    Field(
      "outputs", \.outputs,
      "what becomes of a layer's result that no op reads as integers: a grid, or its sums as floats"),
    Field("weight-ranges", \.weightRanges, "what weights the integers reach to"),
    Field("rounding", \.rounding, "when weights are rounded"),
    Field("scales", \.scales, "what scales may be"),
    Field("per-channel", \.perChannel, "a scale for each output of a layer, or one for its weights"),
    Field("symmetric", \.symmetric, "activations without zero point; i16 are so anyhow"),
    Field("calibrator", \.calibrator, "how ranges come from the samples"),
    Field(
      "percentile", \.percentile,
      "calibrator=percentile: of the elements, how many per cent stay inside the range"),
    Field("ranges", \.ranges, "what the ranges of activations come from"),
    Field("input-range", \.inputRange, "ranges=batch-norm: [low,high] of the inputs"),
    Field(
      "deviations", \.deviations,
      "ranges=batch-norm: how many deviations a range reaches to both sides of the mean"),
    Field("wide", \.wide, "layers whose activations become i16, by name"),
    Field("wide-weights", \.wideWeights, "layers whose weights become i8, by name"),
    Field("keep", \.keep, "layers that stay in float, by name"),
    Field("keep-ops", \.keepOps, "ops that stay in float, by kind, as in [softmax,unary]"),
    Field(
      "max-drop", \.maxDrop,
      "the fewest layers get wider types, in the end float, that keep within so many points of "
        + "the float model's accuracy; inf: none do"),
  ]
  public var activations = ActivationElement.i8
  public var weights = WeightElement.i8
  public var ends = EndWeights.same
  public var outputs = OutputForm.grid
  public var weightRanges = WeightRange.max
  public var rounding = WeightRounding.nearest
  public var scales = ScaleForm.any
  public var perChannel = true
  public var symmetric = false
  public var calibrator = RangeCalibrator.minMax
  public var percentile = 99.99
  public var ranges = RangeSource.samples
  public var inputRange: [Double] = []
  public var deviations = 6.0
  public var wide: [String] = []
  public var wideWeights: [String] = []
  public var keep: [String] = []
  public var keepOps: [String] = []
  public var maxDrop = Double.infinity

  public init() {}

  public var requires: [PassRequirement] {
    (ranges == .samples ? [.calibration] : []) + (maxDrop < .infinity ? [.labelledSamples] : [])
      + [.unquantizedLayers]
  }

  public func check(_ context: PassContext) throws(Failure) {
    try checkRanges()
    guard percentile > 50, percentile <= 100 else {
      throw Failure("percentile is \(percentile), expected more than 50, at most 100")
    }
    guard calibrator == .percentile || percentile == Self().percentile else {
      throw Failure("percentile goes with calibrator=percentile, not \(calibrator.rawValue)")
    }
    guard maxDrop >= 0 else {
      throw Failure("max-drop is \(maxDrop), expected points from 0 on, or inf")
    }
    guard activations != .i16 || wide.isEmpty else {
      throw Failure("with activations=i16 all layers are as wide as 'wide' makes them")
    }
    guard weights == .i4 || wideWeights.isEmpty else {
      throw Failure(
        "with weights=\(weights.rawValue) no layer has weights that 'wide-weights' makes wider")
    }
    for kind in keepOps where context.ops[kind] == nil {
      throw Failure("there is no op '\(kind)'", notes: LayerNames.notes(onOp: kind, context.ops))
    }
    for (list, names) in [("wide", wide), ("wide-weights", wideWeights)] {
      guard let name = keep.first(where: { names.contains($0) }) else { continue }
      throw Failure("'\(name)' stands in keep and in \(list): a layer in float is not wider")
    }
  }

  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    try checkLayers(of: graph)
    let plan = plan(of: graph)
    warn(plan, graph, &context)
    guard maxDrop == .infinity else {
      let widths = try LayerWidths(of: graph, self, &context)
      var choice = try WidthChoice(widths, self, context)
      graph = widths.quantized(try choice.best(&context.notes))
      return
    }
    apply(plan, try calibration(of: plan, in: graph, &context), to: &graph)
  }

  /// What gets grids, as far as the options say.
  func plan(of graph: Graph) -> QuantizationPlan {
    QuantizationPlan(of: graph, outputs: outputs, keeps: keeps(in: graph))
  }

  /// Which ops the options keep in float.
  func keeps(in graph: Graph) -> (OpID) -> Bool {
    let isNamed = Self.isNamed(keep, in: graph)
    return { isNamed($0) || keepOps.contains(type(of: graph.definition(of: $0)).name) }
  }

  /// Puts what a plan names onto grids.
  func apply(
    _ plan: QuantizationPlan, _ calibration: ActivationCalibration, to graph: inout Graph
  ) {
    let wideValues = plan.leaders(askedForBy: Self.isNamed(wide, in: graph))
    var grids: [ValueID: IntegerGrid] = [:]
    for value in plan.values {
      let element =
        wideValues.contains(value) ? .i16 : ElementType(rawValue: activations.rawValue) ?? .i8
      let histogram = calibration.histograms[value] ?? ValueHistogram()
      let isSymmetric = symmetric || element == .i16
      let range = calibrator.range(
        of: histogram, share: percentile / 100, element, isSymmetric: isSymmetric)
      let grid = IntegerGrid(
        element, from: range.low, to: range.high, isSymmetric: isSymmetric)
      grids[value] = scales == .any ? grid : grid.withPowerOfTwo()
    }
    for (value, leader) in plan.followers { grids[value] = grids[leader] }
    QuantizationInsertion(grids: grids, plan: plan, pass: self).apply(to: &graph)
  }

  /// What the weights of a layer become.
  func weightElement(of layer: QuantizationPlan.Layer, in graph: Graph) -> ElementType {
    let isWide =
      ends == .i8 && layer.isEnd
      || graph.optionNames(of: layer.op).contains { wideWeights.contains($0) }
    return isWide ? .i8 : ElementType(rawValue: weights.rawValue) ?? .i8
  }

  private static func isNamed(_ names: [String], in graph: Graph) -> (OpID) -> Bool {
    let names = Set(names)
    if names.isEmpty { return { _ in false } }
    return { op in graph.optionNames(of: op).contains { names.contains($0) } }
  }

  /// Looks at what the options name in a graph, and at whether there is anything to quantize.
  func checkLayers(of graph: Graph) throws(Failure) {
    try checkNames(graph)
    let pairs = graph.opIDs.count { graph.definition(of: $0) is Quantize }
    guard pairs == 0 else {
      throw Failure(
        "the model is quantized already, in \(pairs) places",
        notes: ["lower-quantized makes integer ops of it"])
    }
    let plan = plan(of: graph)
    guard plan.quantizedCount > 0 else {
      throw Failure("there is no layer of f32 that could be quantized")
    }
    for layer in plan.layers { try checkNumbers(of: layer.op, graph) }
  }

  /// A saved calibration says nothing of the weights.
  private func checkNumbers(of layer: OpID, _ graph: Graph) throws(Failure) {
    for case let value? in graph.operands(of: layer) {
      guard let tensor = graph.tensor(value), tensor.element == .f32 else { continue }
      var range = ValueHistogram()
      guard range.widen(over: tensor) else {
        let name = graph.location(of: layer).layers.first ?? graph.name(of: value)
        throw Failure(
          "'\(name)' has a weight or bias that is not a finite number",
          notes: ["keep=[\(name)] leaves the layer in float"])
      }
    }
  }

  private func checkNames(_ graph: Graph) throws(Failure) {
    let asked = keep + wide + wideWeights
    guard !asked.isEmpty else { return }
    let names = graph.opIDs.flatMap { graph.optionNames(of: $0) }
    let known = Set(names)
    for name in asked where !known.contains(name) {
      throw Failure(
        "there is no layer '\(name)'", notes: LayerNames.notes(onLayer: name, among: names))
    }
  }

  private func warn(_ plan: QuantizationPlan, _ graph: Graph, _ context: inout PassContext) {
    let norms = graph.opIDs.count { graph.definition(of: $0) is BatchNorm }
    if norms > 0 {
      context.warnings.append(
        Diagnostic(
          "\(norms) batch_norm stay in float", severity: .warning,
          at: Origin(subject: "pass '\(Self.name)'"),
          notes: ["fold-batch-norm in front of it folds them into layers"]))
    }
    for location in plan.computedLayers {
      context.warnings.append(
        Diagnostic(
          "the layer stays in float: its weights are computed", severity: .warning,
          at: Origin(subject: location.layers.first.map { "layer '\($0)'" } ?? "a layer")))
    }
  }
}

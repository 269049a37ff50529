// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// What the ranges of activations come from.
public enum RangeSource: String, AttributeWord {
  /// Samples that are run, or what was saved of them.
  case samples
  /// The means and deviations that folded batch normalisations have left (Nagel et al. 2019,
  /// section 5): no data are needed.
  case batchNorm = "batch-norm"
}

extension QuantizeModel {
  /// The spread of the values of a plan and of others, from where the options say.
  func calibration(
    of plan: QuantizationPlan, _ others: [ValueID] = [], in graph: Graph,
    _ context: inout PassContext
  ) throws(Failure) -> ActivationCalibration {
    let values = plan.values + others
    switch ranges {
    case .samples:
      return try ActivationCalibration(
        of: QuantizationPlan(of: graph), values, in: graph, &context,
        withBins: calibrator.needsBins)
    case .batchNorm:
      return ActivationCalibration(ranges: try dataFreeRanges(of: values, in: graph))
    }
  }

  /// What is wrong with the options about ranges.
  func checkRanges() throws(Failure) {
    guard deviations > 0, deviations <= 1000 else {
      throw Failure("deviations is \(deviations), expected more than 0, at most 1000")
    }
    guard ranges == .batchNorm || deviations == Self().deviations else {
      throw Failure("deviations goes with ranges=batch-norm: samples tell the ranges themselves")
    }
    guard ranges == .batchNorm || inputRange.isEmpty else {
      throw Failure("input-range goes with ranges=batch-norm: samples tell the range themselves")
    }
    guard ranges == .samples || calibrator == .minMax else {
      throw Failure("calibrator=\(calibrator.rawValue) needs samples: ranges=batch-norm has none")
    }
    let limit = Double(Float.greatestFiniteMagnitude)
    let isRange =
      inputRange.count == 2 && inputRange[0] < inputRange[1]
      && inputRange.allSatisfy { $0.magnitude <= limit }
    guard inputRange.isEmpty || isRange else {
      throw Failure("input-range is \(inputRange.text), expected [low,high] with low < high")
    }
  }

  private func dataFreeRanges(
    of values: [ValueID], in graph: Graph
  ) throws(Failure) -> [ValueID: ValueHistogram] {
    let input = inputRange.count == 2 ? inputRange[0]...inputRange[1] : nil
    let analysis = MomentAnalysis(of: graph, reach: deviations, input: input)
    var found: [ValueID: ValueHistogram] = [:]
    for value in values {
      if let tensor = graph.tensor(value) {
        var histogram = ValueHistogram()
        guard histogram.widen(over: tensor) else {
          throw Failure("the constant '\(graph.name(of: value))' holds a number that is not finite")
        }
        found[value] = histogram
        continue
      }
      guard let (low, high) = analysis[value]?.range else { throw unknown(value, graph) }
      let limit = Double(Float.greatestFiniteMagnitude)
      found[value] = ValueHistogram(
        low: min(max(low, -limit), limit), high: min(max(high, -limit), limit))
    }
    return found
  }

  private func unknown(_ value: ValueID, _ graph: Graph) -> Failure {
    let name = graph.name(of: value)
    if case .input = graph.source(of: value) {
      return Failure(
        "the range of input '\(name)' is not known",
        notes: ["give it: quantize{ranges=batch-norm input-range=[low,high]}"])
    }
    let layer = graph.producer(of: value).flatMap { graph.location(of: $0).layers.first }
    return Failure(
      "nothing tells the range of '\(name)'" + (layer.map { " (layer '\($0)')" } ?? ""),
      notes: [
        "ranges=batch-norm goes by what folded batch normalisations have left",
        "give samples (--data), or keep the layer in float (keep=[…])",
      ])
  }
}

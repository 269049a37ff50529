// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// The spread of activations: from a saved calibration, or from the samples. Then the graph is run
/// once for the ranges, and once more for the parts of the ranges where they are asked for. Memory
/// does not grow with the number of samples, and the result does not depend on the number of
/// threads.
struct ActivationCalibration {
  private(set) var histograms: [ValueID: ValueHistogram] = [:]

  /// Ranges that are known.
  init(ranges: [ValueID: ValueHistogram]) { histograms = ranges }

  /// The spread of what a plan that keeps nothing in float gives grids, and of other values: what a
  /// value has does not depend on the layers that stay in float then.
  init(
    of plan: QuantizationPlan, _ others: [ValueID], in graph: Graph,
    _ context: inout PassContext, withBins: Bool
  ) throws(Failure) {
    var known = Set(plan.values + plan.followers.map(\.value))
    let more = others.filter { known.insert($0).inserted }
    try self.init(of: plan.values + more, in: graph, &context, withBins: withBins)
    for (value, leader) in plan.followers { histograms[value] = histograms[leader] }
  }

  /// - Throws: if a sample makes a number that is not finite, the graph cannot be run, or a value is
  ///   missing in the saved calibration.
  init(
    of values: [ValueID], in graph: Graph, _ context: inout PassContext, withBins: Bool
  ) throws(Failure) {
    let keys = Self.keys(of: values, in: graph)
    if let saved = context.calibration {
      try load(saved, values, keys, withBins: withBins)
    } else {
      let keepsBins = withBins || context.keepsCalibration
      try measure(values, graph, context, withBins: keepsBins)
    }
    guard context.keepsCalibration else { return }
    var measured = Calibration(
      sampleCount: context.calibration?.sampleCount ?? context.samples?.count ?? 0)
    for (value, key) in zip(values, keys) { measured[key] = histograms[value] }
    context.measured = measured
  }

  /// The names under which values are saved: like names are numbered, whether their values are
  /// calibrated or not.
  private static func keys(of values: [ValueID], in graph: Graph) -> [String] {
    var seen: [String: Int] = [:]
    var keys = SideTable<ValueRecord, String>(default: "")
    let made = graph.opIDs.flatMap { graph.results(of: $0) }
    for value in graph.inputs.map(\.value) + graph.constantIDs + made {
      let name = graph.name(of: value)
      let number = seen[name, default: 0]
      seen[name] = number + 1
      keys[value] = number == 0 && !name.isEmpty ? name : "\(name)#\(number)"
    }
    return values.map { keys[$0] }
  }

  private mutating func load(
    _ saved: Calibration, _ values: [ValueID], _ keys: [String], withBins: Bool
  ) throws(Failure) {
    for (value, key) in zip(values, keys) {
      guard let histogram = saved[key] else {
        throw Failure(
          "the saved calibration does not know '\(key)'",
          notes: ["it belongs to another model or to other passes in front: save it anew"])
      }
      guard !withBins || !histogram.bins.isEmpty else {
        throw Failure("the saved calibration knows the range of '\(key)' alone")
      }
      histograms[value] = histogram
    }
  }

  private mutating func measure(
    _ values: [ValueID], _ graph: Graph, _ context: PassContext, withBins: Bool
  ) throws(Failure) {
    guard let runner = context.runner, let samples = context.samples, samples.count > 0 else {
      throw Failure("there are no samples to calibrate with")
    }
    let computed = values.filter { graph.tensor($0) == nil }
    for value in values {
      guard let tensor = graph.tensor(value) else { continue }
      try widen(value, tensor, graph, "the constant holds")
      if withBins { histograms[value]?.count(tensor) }
    }
    var probe = graph
    // The outputs of the model stay in front.
    let outputs = graph.outputs.count
    probe.rewrite { rw in
      for (i, value) in computed.enumerated() { rw.addOutput(name: "value\(i)", value: value) }
    }
    try runner.run(probe, on: samples) { (sample, tensors) throws(Failure) in
      for (value, tensor) in zip(computed, tensors.dropFirst(outputs)) {
        try widen(value, tensor, graph, "sample \(sample) makes")
      }
    }
    guard withBins else { return }
    try runner.run(probe, on: samples) { (_, tensors) throws(Failure) in
      for (value, tensor) in zip(computed, tensors.dropFirst(outputs)) {
        histograms[value]?.count(tensor)
      }
    }
  }

  private mutating func widen(
    _ value: ValueID, _ tensor: Tensor, _ graph: Graph, _ what: String
  ) throws(Failure) {
    guard histograms[value, default: ValueHistogram()].widen(over: tensor) else {
      throw Failure(
        "\(what) a number that is not finite in '\(graph.name(of: value))'",
        notes: ["nothing can be calibrated by it: leave the sample out"])
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// Samples for a model, and their labels if there are any.
struct DataSet {
  /// The samples, as the model's inputs want them.
  let samples: Samples
  /// The label of each sample, or with windows of each recording.
  let labels: [Int]?
  let metric: Metric
  /// Samples that belong to one label: 1, or the windows of a recording.
  let samplesPerLabel: Int

  /// The data that `--data` names, or nil without it. `isFolded`: the graph has taken the preprocessing in.
  static func load(
    _ arguments: Arguments, for graph: Graph, isFolded: Bool = false
  ) throws(Failure) -> DataSet? {
    guard let path = try arguments[DataOptions.data] else { return nil }
    var description = try DataOptions.description(of: path, arguments)
    if isFolded {
      // The model does the arithmetic itself; only the names still count.
      description.mappings = description.mappings.map { $0.withoutArithmetic }
    }
    do throws(Failure) {
      return try DataSet(
        try NumpyArchive.read(path), description, for: graph, limit: try arguments[DataOptions.limit])
    } catch {
      throw error.located(file: path)
    }
  }

  /// The same labels for samples in another form.
  func with(samples: Samples) -> DataSet {
    DataSet(samples: samples, labels: labels, metric: metric, samplesPerLabel: samplesPerLabel)
  }

  private init(samples: Samples, labels: [Int]?, metric: Metric, samplesPerLabel: Int) {
    self.samples = samples
    self.labels = labels
    self.metric = metric
    self.samplesPerLabel = samplesPerLabel
  }

  init(
    _ archive: NumpyArchive, _ description: DataDescription, for graph: Graph, limit: Int?
  ) throws(Failure) {
    let labelName = Self.labelName(description, archive)
    var sources: [SampleSource] = []
    let ports = graph.inputs.filter { $0.role == .input }
    for (position, port) in ports.enumerated() {
      guard let mapping = Self.mapping(for: port.name, at: position, of: ports.count, description)
      else {
        throw Failure(
          "no array is mapped to input '\(port.name)'",
          notes: ["say it by --array \(port.name)=NAME; arrays: " + archive.names.joined(separator: ", ")])
      }
      sources.append(
        try SampleSource(
          mapping, archive, labels: labelName, type: graph.type(of: port.value), port: port.name))
    }
    var count = sources.map(\.count).min() ?? 0
    samplesPerLabel = sources.first?.windowsPerEntry ?? 1
    if let limit { count = min(count, limit * samplesPerLabel) }
    let all = sources
    samples = Samples(count: count) { (i) throws(Failure) in
      var tensors: [Tensor] = []
      for source in all { tensors.append(try source.sample(i)) }
      return tensors
    }
    if let labelName {
      let numbers = try archive.tensor(labelName).integers()
      guard numbers.count * samplesPerLabel >= count else {
        throw Failure("\(numbers.count) labels in '\(labelName)' for \(count / samplesPerLabel) samples")
      }
      labels = numbers.map { Int($0) }
    } else {
      labels = nil
    }
    metric = labels == nil ? .none : description.metric ?? .top1
  }

  /// The array of labels: the one named, or one with a usual name.
  static func labelName(
    _ description: DataDescription, _ archive: NumpyArchive
  ) -> String? {
    if let named = description.labels { return named }
    return ["y", "y_test", "labels"].first { archive.names.contains($0) }
  }

  /// How the arrays map to a port, or nil if nothing is said of it.
  static func mapping(
    for port: String, at position: Int, of count: Int, _ description: DataDescription
  ) -> ArrayMapping? {
    if let named = description.mappings.first(where: { $0.port == port }) { return named }
    let unnamed = description.mappings.filter { $0.port == nil }
    if let named = unnamed.first(where: { $0.array == port }) { return named }
    return count == unnamed.count || count == 1 ? unnamed[safe: count == 1 ? 0 : position] : nil
  }
}

extension Array {
  /// The element, or nil outside of the array.
  subscript(safe position: Int) -> Element? { indices.contains(position) ? self[position] : nil }
}

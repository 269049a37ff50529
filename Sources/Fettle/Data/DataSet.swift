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
  /// Nil without labels.
  let labelOrigin: LabelOrigin?

  /// The data that `--data` names, or nil without it. `isFolded`: the graph has taken the preprocessing in.
  static func load(
    _ arguments: Arguments, for graph: Graph, isFolded: Bool = false
  ) throws(Failure) -> DataSet? {
    guard let text = try arguments[DataOptions.data] else { return nil }
    return try load(
      try DataLocation(text), arguments, for: graph, isFolded, isCalibration: false)
  }

  /// The data for passes: those that `--calibration-data` names, or nil without it.
  static func loadCalibration(
    _ arguments: Arguments, for graph: Graph, isFolded: Bool = false
  ) throws(Failure) -> DataSet? {
    guard let text = try arguments[DataOptions.calibration] else { return nil }
    return try load(
      try DataLocation(text), arguments, for: graph, isFolded, isCalibration: true)
  }

  private static func load(
    _ location: DataLocation, _ arguments: Arguments, for graph: Graph, _ isFolded: Bool,
    isCalibration: Bool
  ) throws(Failure) -> DataSet {
    var description = try DataOptions.description(
      of: location, arguments, isCalibration: isCalibration)
    if isFolded {
      // The model does the arithmetic itself; only the names still count.
      description.mappings = description.mappings.map { $0.withoutArithmetic }
    }
    do throws(Failure) {
      let archive = try NumpyArchive.read(location.path)
      // Calibration takes samples without labels too.
      if isCalibration, let labels = description.labels, !archive.names.contains(labels) {
        description.labels = nil
      }
      return try DataSet(
        archive, from: location.path, description, for: graph, rows: location.rows,
        limit: isCalibration ? nil : try arguments[DataOptions.limit])
    } catch {
      throw error.located(file: location.path)
    }
  }

  /// The same labels for samples in another form.
  func with(samples: Samples) -> DataSet {
    DataSet(
      samples: samples, labels: labels, metric: metric, samplesPerLabel: samplesPerLabel,
      labelOrigin: labelOrigin)
  }

  private init(
    samples: Samples, labels: [Int]?, metric: Metric, samplesPerLabel: Int, labelOrigin: LabelOrigin?
  ) {
    self.samples = samples
    self.labels = labels
    self.metric = metric
    self.samplesPerLabel = samplesPerLabel
    self.labelOrigin = labelOrigin
  }

  init(
    _ archive: NumpyArchive, from file: String, _ description: DataDescription, for graph: Graph,
    rows selection: RowSelection?, limit: Int?
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
    let windows = sources.first?.windowsPerEntry ?? 1
    let entries = (sources.first?.count ?? 0) / windows
    if let other = sources.first(where: { $0.count != entries * windows }) {
      throw Failure("\(entries * windows) samples for one input, \(other.count) for another")
    }
    var numbers: [Int]?
    if let labelName, description.metric != Metric.none || selection?.needsLabels == true {
      numbers = try Self.labels(labelName, archive, of: sources, count: entries)
    }
    var rows = Array(0..<entries)
    if let selection {
      guard !selection.needsLabels || numbers != nil else {
        throw Failure("rows are chosen by label, but there are no labels")
      }
      rows = selection.rows(of: entries, labels: numbers)
    }
    if let limit { rows = Array(rows.prefix(limit)) }
    guard !rows.isEmpty else {
      throw Failure(entries == 0 ? "there are no samples" : "none of \(entries) rows is chosen")
    }
    let (all, chosen) = (sources, rows)
    samples = Samples(count: rows.count * windows) { (i) throws(Failure) in
      var tensors: [Tensor] = []
      let position = chosen[i / windows] * windows + i % windows
      do throws(Failure) {
        for source in all { tensors.append(try source.sample(position)) }
      } catch {
        throw error.located(file: file)
      }
      return tensors
    }
    samplesPerLabel = windows
    labels = numbers.map { all in chosen.map { all[$0] } }
    labelOrigin =
      numbers == nil ? nil : labelName.map { LabelOrigin(file: file, array: $0, rows: chosen) }
    metric = labels == nil ? .none : description.metric ?? Self.metric(for: graph)
  }

  /// What is counted if nobody says: a single float is no choice between classes.
  private static func metric(for graph: Graph) -> Metric {
    guard let output = graph.outputs.first else { return .none }
    let type = graph.type(of: output.value)
    return type.element.isFloat && type.shape.elementCount == 1 ? .none : .top1
  }

  /// The samples of even or of odd position, with their labels.
  func half(odd: Bool) -> DataSet {
    let (all, width, first) = (samples, samplesPerLabel, odd ? 1 : 0)
    let entries = (all.count / width + 1 - first) / 2
    let places = (0..<entries).map { $0 * 2 + first }
    let half = Samples(count: entries * width) { (i) throws(Failure) in
      try all.load((i / width * 2 + first) * width + i % width)
    }
    return DataSet(
      samples: half, labels: labels.map { all in places.map { all[$0] } }, metric: metric,
      samplesPerLabel: width,
      labelOrigin: labelOrigin.map { origin in
        LabelOrigin(file: origin.file, array: origin.array, rows: places.map { origin.rows[$0] })
      })
  }

  /// The array of labels: the one named, the partner of the samples' (`y_train` of `x_train`), or one
  /// with a usual name.
  static func labelName(
    _ description: DataDescription, _ archive: NumpyArchive
  ) -> String? {
    if let named = description.labels { return named }
    if let array = description.mappings.first?.array, array.hasPrefix("x") {
      let partner = "y" + array.dropFirst()
      if archive.names.contains(partner) { return partner }
      // Other labels belong to other samples.
      if array.hasPrefix("x_") { return nil }
    }
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

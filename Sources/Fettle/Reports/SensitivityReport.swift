// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Passes
import Rewriting

/// What `fettle sensitivity` tells: a row for each layer, a column for each pair of types.
struct SensitivityReport {
  /// A layer, or all of them.
  struct Row {
    let name: String
    let ops: [String]
    /// In the order of the widths.
    let results: [AnswerMeasurement.Answers]
  }

  let name: String
  let widths: [QuantizationWidths]
  /// In the order of the graph.
  private(set) var rows: [Row] = []
  /// All layers at once.
  let whole: Row
  /// The float model.
  let reference: AnswerMeasurement.Answers

  /// Runs the model with each layer quantized alone.
  init(
    of model: QuantizationSensitivity, graph: Graph, name: String, widths: [QuantizationWidths],
    _ data: DataSet, by runner: any ModelRunner, _ progress: Progress
  ) throws(Failure) {
    self.name = name
    self.widths = widths
    let count = data.samples.count
    var done = 0
    progress.begin("sensitivity", total: (model.layers.count + 1) * count)
    defer { progress.end() }
    func measure(_ graphs: [Graph], _ note: String) throws(Failure) -> AnswerMeasurement {
      let start = done
      done += count
      return try AnswerMeasurement(of: graphs, on: data, against: (graph, data), by: runner) {
        progress.advance(to: start + $0, note: note)
      }
    }
    for (position, layer) in model.layers.enumerated() {
      let graphs = widths.map {
        model.graph(quantizing: position, activations: $0.activations, weights: $0.weights)
      }
      let results = try measure(graphs, layer.name).answers
      rows.append(Row(name: layer.name, ops: layer.ops, results: results))
    }
    let all = widths.map { model.graph(activations: $0.activations, weights: $0.weights) }
    let measured = try measure(all, "all layers")
    guard let reference = measured.reference else { unreachable("a reference is given") }
    whole = Row(name: "all layers", ops: [], results: measured.answers)
    self.reference = reference
  }

  /// The layer whose quantization alone does most to the outputs, by widths; nil if none does
  /// anything.
  func worst(_ column: Int) -> Int? {
    let noises = rows.map { $0.results[column].error?.relativeNoise ?? 0 }
    let worst = noises.indices.max { (noises[$0], $1) < (noises[$1], $0) }
    return worst.flatMap { noises[$0] > 0 ? $0 : nil }
  }

  /// The points of accuracy that are lost; nil without labels.
  func drop(_ answers: AnswerMeasurement.Answers) -> Double? {
    guard let before = reference.accuracy.value, let after = answers.accuracy.value else {
      return nil
    }
    return 100 * (before - after)
  }

  /// `31.2`, or `inf` where nothing differs.
  static func decibels(_ answers: AnswerMeasurement.Answers) -> String {
    guard let ratio = answers.error?.decibels else { return "" }
    return ratio.isFinite ? NumberText.fixed(ratio, 1) : "\(ratio)"
  }

  /// A table with the worst layer of each column marked.
  var text: String {
    let isLabelled = reference.accuracy.value != nil
    var columns: [(title: String, alignment: Table.Alignment)] = [("layer", .left), ("ops", .left)]
    for widths in widths {
      columns.append(("\(widths.text): SNR dB  ", .right))
      if isLabelled { columns.append(("drop", .right)) }
    }
    var table = Table(columns)
    let worst = widths.indices.map { self.worst($0) }
    for (position, row) in rows.enumerated() {
      table.row(cells(row) { worst[$0] == position })
    }
    table.rule()
    table.row(cells(whole) { _ in false })
    let note =
      worst.contains { $0 != nil }
      ? "* the layer that does most to the outputs\n" : ""
    let unsound =
      reference.unsoundCount > 0
      ? "not finite in float: outputs of \(reference.unsoundCount) samples\n" : ""
    return "\(name) in float: \(reference.accuracy.text)\n\(unsound)\n\(table.text)\(note)"
  }

  private func cells(_ row: Row, isWorst: (Int) -> Bool) -> [String] {
    var cells = [row.name, row.ops.joined(separator: " ")]
    for (column, answers) in row.results.enumerated() {
      cells.append(Self.decibels(answers) + (isWorst(column) ? " *" : "  "))
      if let drop = drop(answers) { cells.append(NumberText.fixed(drop, 2)) }
    }
    return cells
  }

  /// The same for programs; a ratio that is infinite is null.
  var json: JSONValue {
    func results(_ row: Row) -> JSONValue {
      .array(zip(widths, row.results).map { widths, answers in
        var members: [JSONValue.Member] = [.init("widths", .string(widths.text))]
        if let error = answers.error {
          members.append(.init("snr_db", .number(error.decibels)))
          members.append(.init("relative_noise", .number(error.relativeNoise)))
          members.append(.init("max_abs", .number(error.maxAbsolute)))
        }
        if let value = answers.accuracy.value { members.append(.init("value", .number(value))) }
        if let drop = drop(answers) { members.append(.init("drop", .number(drop))) }
        members.append(.init("not_finite", .integer(answers.unsoundCount)))
        return .object(members)
      })
    }
    var members: [JSONValue.Member] = [
      .init("model", .string(name)), .init("metric", .string(reference.accuracy.metric.rawValue)),
      .init("samples", .integer(reference.accuracy.count)),
    ]
    if let value = reference.accuracy.value { members.append(.init("value", .number(value))) }
    members.append(.init("not_finite", .integer(reference.unsoundCount)))
    members.append(
      .init(
        "layers",
        .array(rows.map { row in
          .object([
            .init("name", .string(row.name)), .init("ops", .array(row.ops.map { .string($0) })),
            .init("results", results(row)),
          ])
        })))
    members.append(.init("all_layers", results(whole)))
    return .object(members)
  }
}

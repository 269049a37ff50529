// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// A row for the graph that came, and one for each pass.
final class Ledger: PassObserver {
  /// What is known of a stage.
  struct Row {
    /// The pass with its options; empty for the graph that came.
    let pass: String
    /// The name of the pass.
    let name: String
    let cost: GraphCost
    /// Of the pass alone.
    let seconds: Double
    let measured: LedgerMeasurement.Result?
    /// What the pass told the user.
    let notes: [String]
  }

  let forms: LedgerForms
  private(set) var rows: [Row] = []
  /// What the ledger itself took: the counting, and running the stages.
  private(set) var countingSeconds = 0.0
  private(set) var measuringSeconds = 0.0
  private var pendingNotes: [String] = []
  private var measurement: LedgerMeasurement?
  private var original: Graph?
  private var before: Graph?

  init(_ forms: LedgerForms) { self.forms = forms }

  /// Enters the graph in front of the passes.
  func begin(_ graph: Graph, _ measurement: LedgerMeasurement?) throws(Failure) {
    self.measurement = measurement
    // Without a measurement no graph is kept: a snapshot would make the next pass copy it.
    if measurement != nil { (original, before) = (graph, graph) }
    try enter(graph, pass: "", name: "as it came", seconds: 0)
  }

  func didRun(
    _ pass: any Pass, at position: Int, on graph: Graph, seconds: PassSeconds
  ) throws(Failure) {
    try enter(graph, pass: pass.text, name: type(of: pass).name, seconds: seconds.run)
    if measurement != nil { before = graph }
  }

  func noted(_ note: String) { pendingNotes.append(note) }

  /// What all passes told the user.
  var notes: [String] { rows.flatMap(\.notes) }

  private func enter(
    _ graph: Graph, pass: String, name: String, seconds: Double
  ) throws(Failure) {
    let start = Platform.monotonicSeconds
    let cost = GraphCost(of: graph)
    let counted = Platform.monotonicSeconds
    var measured: LedgerMeasurement.Result?
    if let measurement, let original, let before {
      measured = try measurement.measure(name, original: original, before: before, after: graph)
    }
    countingSeconds += counted - start
    measuringSeconds += Platform.monotonicSeconds - counted
    rows.append(
      Row(
        pass: pass, name: name, cost: cost, seconds: seconds, measured: measured,
        notes: pendingNotes))
    pendingNotes = []
  }

  /// Writes the files asked for.
  func write() throws(Failure) {
    for path in forms.files {
      try Platform.writeFile(path, Paths.ending(of: path) == "csv" ? csv : json.pretty + "\n")
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// Where time and memory went: `--timing`.
final class PassTimes: PassObserver {
  private struct Row {
    let name: String
    let seconds: Double
    let resident: Int?
  }

  private let start: Double
  private var rows: [Row] = []
  private var verifySeconds = 0.0

  /// `start` is when the command began, by the monotonic clock.
  init(since start: Double) { self.start = start }

  /// Notes a step of the command, with the memory in use behind it.
  func add(_ name: String, seconds: Double) {
    rows.append(Row(name: name, seconds: seconds, resident: Platform.residentBytes))
  }

  /// Runs a step of the command and notes how long it took.
  func measure<Value>(_ name: String, _ body: () throws(Failure) -> Value) throws(Failure) -> Value {
    let start = Platform.monotonicSeconds
    let value = try body()
    add(name, seconds: Platform.monotonicSeconds - start)
    return value
  }

  func didRun(_ pass: any Pass, at position: Int, on graph: Graph, seconds: PassSeconds) {
    add("pass " + type(of: pass).name, seconds: seconds.run)
    verifySeconds += seconds.verify
  }

  /// The table, with what the ledger and the dumps took.
  func text(_ ledger: Ledger, dumpSeconds: Double) -> String {
    let total = Platform.monotonicSeconds - start
    var table = Table([("step", .left), ("ms", .right), ("share", .right), ("memory behind it", .right)])
    func row(_ name: String, _ seconds: Double, _ memory: String) {
      let share = total > 0 ? NumberText.fixed(100 * seconds / total, 1) + " %" : ""
      table.row([name, NumberText.fixed(seconds * 1000, 1), share, memory])
    }
    for entry in rows { row(entry.name, entry.seconds, entry.resident.map(NumberText.bytes) ?? "") }
    let own = [
      ("verify the graph behind passes", verifySeconds), ("count for the ledger", ledger.countingSeconds),
      ("run the stages for the ledger", ledger.measuringSeconds), ("dump the stages", dumpSeconds),
    ]
    for (name, seconds) in own where seconds > 0 { row(name, seconds, "") }
    let known = rows.map(\.seconds) + own.map(\.1)
    row("the rest", max(0, total - known.reduce(0, +)), "")
    table.rule()
    row("in all", total, Platform.peakResidentBytes.map { "peak " + NumberText.bytes($0) } ?? "")
    return table.text
  }
}

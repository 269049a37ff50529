// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Rewriting

/// The options by which commands are told what to show of the passes that they run.
enum PassReportOptions {
  static let printBefore = CommandOption<String>(
    "--print-ir-before", text: "PASS", help: "print the graph in front of a pass (may be repeated)")
  static let printAfter = CommandOption<String>(
    "--print-ir-after", text: "PASS", help: "print the graph behind a pass (may be repeated)")
  static let printAfterAll = CommandOption<Bool>(
    "--print-ir-after-all", help: "print the graph behind every pass")
  static let printAfterChange = CommandOption<Bool>(
    "--print-ir-after-change", help: "print the graph behind every pass that changed it")
  static let printAfterFailure = CommandOption<Bool>(
    "--print-ir-after-failure",
    help: "print the graphs in front of a pass that fails, and what it left behind")
  static let dumpFolder = CommandOption<String>(
    "--dump-dir", text: "FOLDER", help: "write the graph of every stage to a new folder, to be run and compared")
  static let ledger = CommandOption<String>(
    "--ledger", optional: "full|FILE.json|FILE.csv", assumed: "table",
    help: "a row for each pass; 'full' runs every stage, with --data on them (may be repeated)")
  static let trace = CommandOption<String>(
    "--trace-rewrites", optional: "PASS", assumed: "",
    help: "tell each rewrite that was tried, on what, and why it did not apply")
  static let stats = CommandOption<Bool>("--stats", help: "count the rewrites that applied and that did not")
  static let timing = CommandOption<Bool>("--timing", help: "tell where time and memory went")

  static let all = [
    printBefore.untyped, printAfter.untyped, printAfterAll.untyped, printAfterChange.untyped,
    printAfterFailure.untyped, dumpFolder.untyped, ledger.untyped, trace.untyped, stats.untyped,
    timing.untyped,
  ]

  /// The names of passes that an option may be given; each must be in the pipeline.
  static func passes(
    _ option: CommandOption<String>, _ arguments: Arguments, in pipeline: Pipeline
  ) throws(Failure) -> [String] {
    let names = try arguments.all(option)
    let known = pipeline.passes.map { type(of: $0).name }
    for name in names where !name.isEmpty && !known.contains(name) {
      var distinct: [String] = []
      for name in known where !distinct.contains(name) { distinct.append(name) }
      throw Failure(
        "the pipeline has no pass '\(name)'", notes: Spelling.notes(for: name, among: distinct),
        kind: .usage)
        .located(subject: "option '\(option.names[0])'")
    }
    return names
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// Prints graphs between passes to the standard error output. Large constants are named by digest only: what
/// `--dump-dir` writes can be run.
final class GraphPrinting: PassObserver {
  private let before: [String]
  private let after: [String]
  private let afterAll: Bool
  private let afterChange: Bool
  private let afterFailure: Bool
  private let banner: Banner
  private let print: (String) -> Void
  private var lastRevision = 0

  init(
    _ arguments: Arguments, _ pipeline: Pipeline, _ banner: Banner, _ session: Session
  ) throws(Failure) {
    before = try PassReportOptions.passes(PassReportOptions.printBefore, arguments, in: pipeline)
    after = try PassReportOptions.passes(PassReportOptions.printAfter, arguments, in: pipeline)
    afterAll = arguments.has(PassReportOptions.printAfterAll)
    afterChange = arguments.has(PassReportOptions.printAfterChange)
    afterFailure = arguments.has(PassReportOptions.printAfterFailure)
    self.banner = banner
    print = session.errors
  }

  func willRun(_ pass: any Pass, at position: Int, on graph: Graph) {
    lastRevision = graph.revision
    if before.contains(type(of: pass).name) { show(graph, "before", pass, position, done: position) }
  }

  func didRun(_ pass: any Pass, at position: Int, on graph: Graph, seconds: PassSeconds) {
    let changed = graph.revision != lastRevision
    guard afterAll || after.contains(type(of: pass).name) || afterChange && changed else { return }
    show(graph, changed ? "after" : "unchanged by", pass, position, done: position + 1)
  }

  func didFail(
    _ pass: any Pass, at position: Int, on graph: Graph, broken: Graph, _ failure: Failure
  ) {
    guard afterFailure else { return }
    show(graph, "before", pass, position, done: position)
    show(broken, "left behind by", pass, position, done: position)
  }

  private func show(_ graph: Graph, _ when: String, _ pass: any Pass, _ position: Int, done: Int) {
    var options = GraphTextOptions()
    options.banner =
      ["---- \(when) \(type(of: pass).name), pass \(position + 1) of \(banner.pipeline.passes.count) ----"]
      + banner.lines(after: done)
    print(graph.text(options).text)
  }
}

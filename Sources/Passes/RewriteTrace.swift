// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting

/// Tells an observer what a pass that is no list of rewrites did to an op, or why it did nothing.
struct RewriteTrace {
  private let pass: String
  private let rewrite: String
  private let observer: (any PassObserver)?

  init(pass: String, rewrite: String, _ observer: (any PassObserver)?) {
    self.pass = pass
    self.rewrite = rewrite
    self.observer = observer.flatMap { $0.watchesRewrites ? $0 : nil }
  }

  /// Whether anybody listens.
  var isWatched: Bool { observer != nil }

  func applied(_ op: OpID, _ graph: Graph) { tell(op, graph, .applied) }

  func declined(_ op: OpID, _ reason: String, _ graph: Graph) {
    tell(op, graph, .declined(reason))
  }

  private func tell(_ op: OpID, _ graph: Graph, _ outcome: RewriteEvent.Outcome) {
    observer?.tried(
      RewriteEvent(
        pass: pass, rewrite: rewrite, op: type(of: graph.definition(of: op)).name,
        location: graph.location(of: op), outcome: outcome))
  }
}

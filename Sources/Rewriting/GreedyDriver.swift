// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR

/// Applies rewrites until none applies any more. Every op is looked at once, in order; after that
/// only ops around a change are looked at again, so the work follows the number of changes, not the
/// size of the graph times it. Ops whose results nobody reads are erased on the way.
public struct GreedyDriver: Sendable {
  let pass: String
  let forEvery: [Rewrite]
  let byKind: [ObjectIdentifier: [Rewrite]]

  /// A driver for rewrites; `pass` is what diagnostics and traces name.
  public init(pass: String, _ rewrites: [Rewrite]) {
    self.pass = pass
    forEvery = rewrites.filter { $0.kind == nil }
    // The rewrites of a kind include those of every kind, in the order of the list.
    var byKind: [ObjectIdentifier: [Rewrite]] = [:]
    for kind in Set(rewrites.compactMap(\.kind)) {
      byKind[kind] = rewrites.filter { $0.kind == nil || $0.kind == kind }
    }
    self.byKind = byKind
  }

  /// Rewrites the graph.
  ///
  /// - Throws: if the rewrites undo each other for ever.
  public func run(
    on graph: inout Graph, _ observer: (any PassObserver)? = nil
  ) throws(Failure) {
    let limit = 256 + 64 * graph.opCount
    let observer = observer.flatMap { $0.watchesRewrites ? $0 : nil }
    let start = graph.opIDs
    try graph.rewrite { (rw) throws(Failure) in
      var worklist = Worklist(start)
      var applied = 0
      while let op = worklist.next() {
        guard rw.graph.contains(op) else { continue }
        if rw.graph.results(of: op).allSatisfy({ !rw.graph.isUsed($0) }) {
          rw.erase(op)
          worklist.add(around: rw.takeTouched(), in: rw.graph)
          continue
        }
        guard let rewrite = applyFirst(to: op, &rw, observer) else { continue }
        applied += 1
        worklist.add(around: rw.takeTouched(), in: rw.graph)
        if rw.graph.contains(op) { worklist.add(op) }
        guard applied <= limit else {
          throw Failure(
            "pass '\(pass)' did not come to an end after \(applied) rewrites, the last of which is "
              + "'\(rewrite)'")
        }
      }
      rw.insertionPoint = nil
    }
  }

  /// Applies the first rewrite that takes the op and returns its name.
  private func applyFirst(
    to op: OpID, _ rw: inout Rewriter, _ observer: (any PassObserver)?
  ) -> String? {
    let definition = rw.graph.definition(of: op)
    let kind = type(of: definition)
    for rewrite in byKind[ObjectIdentifier(kind)] ?? forEvery {
      rw.insertionPoint = op
      let location = observer == nil ? Location() : rw.graph.location(of: op)
      do {
        try rewrite.apply(op, &rw)
      } catch {
        observer?.tried(event(rewrite, kind.name, location, .declined(error.description)))
        continue
      }
      observer?.tried(event(rewrite, kind.name, location, .applied))
      return rewrite.name
    }
    return nil
  }

  private func event(
    _ rewrite: Rewrite, _ op: String, _ location: Location, _ outcome: RewriteEvent.Outcome
  ) -> RewriteEvent {
    RewriteEvent(
      pass: pass, rewrite: rewrite.name, op: op, location: location, outcome: outcome)
  }
}

/// The ops still to be looked at, first in, first out, each at most once at a time.
struct Worklist {
  private var queue: [OpID]
  private var head = 0
  private var isQueued = SideTable<OpRecord, Bool>(default: false)

  init(_ ops: [OpID]) {
    queue = ops
    for op in ops { isQueued[op] = true }
  }

  mutating func next() -> OpID? {
    guard head < queue.count else { return nil }
    let op = queue[head]
    head += 1
    if head > 1024, head > queue.count / 2 {
      queue.removeFirst(head)
      head = 0
    }
    isQueued[op] = false
    return op
  }

  mutating func add(_ op: OpID) {
    guard !isQueued[op] else { return }
    isQueued[op] = true
    queue.append(op)
  }

  /// Adds touched ops and the readers of their results. A value with many readers has not just come
  /// to have one, which is what rewrites ask of a value that they look through, so its readers are
  /// left alone: the work stays linear.
  mutating func add(around touched: [OpID], in graph: Graph) {
    for op in touched where graph.contains(op) {
      add(op)
      for result in graph.results(of: op) {
        let uses = graph.uses(of: result)
        if uses.count <= 8 { for use in uses { add(use.user) } }
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR

/// Applies rewrites until none applies any more. Every op is looked at once, in order; after that
/// only ops around a change are looked at again, so the work follows the number of changes, not the
/// size of the graph times it. Ops whose results nobody reads are erased on the way.
public struct GreedyDriver: Sendable {
  let pass: String
  let forEvery: [Rewrite]
  let byKind: [ObjectIdentifier: KindRewrites]

  /// A driver for rewrites; `pass` is what diagnostics and traces name.
  public init(pass: String, _ rewrites: [Rewrite]) {
    self.pass = pass
    forEvery = rewrites.filter { $0.kind == nil }
    // The rewrites of a kind include those of every kind, in the order of the list.
    var byKind: [ObjectIdentifier: KindRewrites] = [:]
    for kind in Set(rewrites.compactMap(\.kind)) {
      byKind[kind] = KindRewrites(rewrites.filter { $0.kind == nil || $0.kind == kind })
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
      var last: [Rewrite] = []
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
        if applied > limit {
          // Those that go on and on.
          if !last.contains(where: { $0.name == rewrite.name }) { last.append(rewrite) }
          if applied > limit + 64 { throw endless(last, after: applied) }
        }
      }
      rw.insertionPoint = nil
    }
  }

  private func endless(_ rewrites: [Rewrite], after count: Int) -> Failure {
    let names = rewrites.map { rewrite in
      let place = rewrite.origin.map { " (\($0.file):\($0.line ?? 1))" } ?? ""
      return "'\(rewrite.name)'\(place)"
    }
    let what = rewrites.count == 1 ? "the rewrite that goes on is" : "the rewrites that go on are"
    var origin = rewrites.compactMap(\.origin).first ?? Origin()
    origin.subject = "pass '\(pass)'"
    return Failure(
      "did not come to an end after \(count) rewrites; \(what) " + names.joined(separator: ", "),
      at: origin)
  }

  /// Applies the first rewrite that takes the op and returns it.
  private func applyFirst(
    to op: OpID, _ rw: inout Rewriter, _ observer: (any PassObserver)?
  ) -> Rewrite? {
    let definition = rw.graph.definition(of: op)
    let kind = type(of: definition)
    for rewrite in byKind[ObjectIdentifier(kind)]?.rewrites(of: definition) ?? forEvery {
      rw.insertionPoint = op
      let location = observer == nil ? Location() : rw.graph.location(of: op)
      do {
        try rewrite.apply(op, &rw)
      } catch {
        observer?.tried(event(rewrite, kind.name, location, .declined(error.description)))
        continue
      }
      observer?.tried(event(rewrite, kind.name, location, .applied))
      return rewrite
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

/// The rewrites of a kind of op, sorted by its variants, in the order of the list.
struct KindRewrites: Sendable {
  private let byVariant: [String: [Rewrite]]
  private let others: [Rewrite]

  init(_ rewrites: [Rewrite]) {
    var byVariant: [String: [Rewrite]] = [:]
    for variant in rewrites.reduce(into: Set<String>(), { $0.formUnion($1.variants ?? []) }) {
      byVariant[variant] = rewrites.filter { $0.variants?.contains(variant) ?? true }
    }
    self.byVariant = byVariant
    others = rewrites.filter { $0.variants == nil }
  }

  /// The rewrites that look at an op of the kind.
  func rewrites(of definition: any OpDefinition) -> [Rewrite] {
    byVariant.isEmpty ? others : byVariant[definition.variant] ?? others
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

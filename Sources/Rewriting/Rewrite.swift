// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR

/// A local change: it looks at one op and what is around it, and changes the graph if its
/// conditions hold. Each condition is a `try` line with a reason; nothing is changed before the
/// last of them.
public struct Rewrite: Sendable {
  /// What a trace calls it.
  public let name: String
  /// Where it is written, if that is a file of the user's.
  public let origin: Origin?
  /// The kind of op that it looks at; nil if it looks at all.
  let kind: ObjectIdentifier?
  /// The variants of the kind that it looks at; nil if it looks at all.
  let variants: Set<String>?
  let apply: @Sendable (OpID, inout Rewriter) throws(Declined) -> Void

  /// A rewrite of ops of one kind. The insertion point is at the op when it is called.
  public init<Op: OpDefinition>(
    _ name: String,
    _ body: @escaping @Sendable (OpRef<Op>, inout Rewriter) throws(Declined) -> Void
  ) {
    self.name = name
    origin = nil
    variants = nil
    kind = ObjectIdentifier(Op.self)
    apply = { (id, rw) throws(Declined) in
      guard let op = rw.graph.op(id, as: Op.self) else { return }
      try body(op, &rw)
    }
  }

  /// A rewrite of ops of every kind. The insertion point is at the op when it is called.
  public init(
    _ name: String,
    everyOp body: @escaping @Sendable (OpID, inout Rewriter) throws(Declined) -> Void
  ) {
    self.name = name
    origin = nil
    variants = nil
    kind = nil
    apply = body
  }

  /// A rewrite of ops of a kind that is known when the program runs, written in a file; of some variants of the kind, if
  /// they are given. The insertion point is at the op when it is called.
  public init(
    _ name: String, kind: any OpDefinition.Type, variants: Set<String>? = nil, origin: Origin?,
    _ body: @escaping @Sendable (OpID, inout Rewriter) throws(Declined) -> Void
  ) {
    self.name = name
    self.origin = origin
    self.variants = variants
    self.kind = ObjectIdentifier(kind)
    apply = body
  }
}

/// A pass made of local rewrites, applied until none applies any more.
public protocol RewritePass: Pass {
  /// The rewrites, the first that applies to an op is taken.
  var rewrites: [Rewrite] { get }
}

extension RewritePass {
  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    try GreedyDriver(pass: Self.name, rewrites).run(on: &graph, context.observer)
  }
}

/// A pass that is one local rewrite of one kind of op.
public protocol PatternPass: RewritePass {
  /// The kind of op.
  associatedtype Op: OpDefinition
  /// Changes the graph around an op, or says why not.
  func rewrite(_ op: OpRef<Op>, _ rw: inout Rewriter) throws(Declined)
}

extension PatternPass {
  public var rewrites: [Rewrite] {
    [Rewrite(Self.name) { (op: OpRef<Op>, rw) throws(Declined) in try rewrite(op, &rw) }]
  }
}

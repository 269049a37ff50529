// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR

/// A rewrite that was tried on an op.
public struct RewriteEvent: Sendable {
  /// What came of it.
  public enum Outcome: Sendable {
    case applied
    /// Why it did not apply.
    case declined(String)
  }

  /// The name of the pass.
  public let pass: String
  /// The name of the rewrite in it.
  public let rewrite: String
  /// The mnemonic of the op.
  public let op: String
  /// Where the op comes from.
  public let location: Location
  public let outcome: Outcome

  /// An event.
  public init(
    pass: String, rewrite: String, op: String, location: Location, outcome: Outcome
  ) {
    self.pass = pass
    self.rewrite = rewrite
    self.op = op
    self.location = location
    self.outcome = outcome
  }
}

/// Seconds that a step of a pipeline took.
public struct PassSeconds: Sendable {
  /// The pass itself.
  public var run: Double
  /// The verification of its result.
  public var verify: Double
}

/// Something that watches a pipeline: a trace, a ledger, a progress display. Every method has an
/// empty default; what `willRun` and `didRun` throw ends the pipeline.
public protocol PassObserver: AnyObject {
  /// Whether `tried` is to be called; asked for once a pass, as describing each trial costs time.
  var watchesRewrites: Bool { get }
  /// A pass is about to run; `position` counts the passes of the pipeline from 0.
  func willRun(_ pass: any Pass, at position: Int, on graph: Graph) throws(Failure)
  /// A pass has run and its result is verified.
  func didRun(
    _ pass: any Pass, at position: Int, on graph: Graph, seconds: PassSeconds) throws(Failure)
  /// The pass that has just run tells the user something; before `didRun`.
  func noted(_ note: String)
  /// A pass threw, or its result is not sound; `graph` is the one in front of it, `broken` what it
  /// left behind.
  func didFail(
    _ pass: any Pass, at position: Int, on graph: Graph, broken: Graph, _ failure: Failure)
  /// A rewrite was tried on an op of a kind that it looks at.
  func tried(_ event: RewriteEvent)
}

extension PassObserver {
  public var watchesRewrites: Bool { false }
  public func willRun(_ pass: any Pass, at position: Int, on graph: Graph) throws(Failure) {}
  public func didRun(
    _ pass: any Pass, at position: Int, on graph: Graph, seconds: PassSeconds
  ) throws(Failure) {}
  public func noted(_ note: String) {}
  public func didFail(
    _ pass: any Pass, at position: Int, on graph: Graph, broken: Graph, _ failure: Failure
  ) {}
  public func tried(_ event: RewriteEvent) {}
}

/// Several observers as one, told in their order.
public final class PassObservers: PassObserver {
  private let members: [any PassObserver]

  /// A group.
  public init(_ members: [any PassObserver]) { self.members = members }

  public var watchesRewrites: Bool { members.contains { $0.watchesRewrites } }

  public func willRun(_ pass: any Pass, at position: Int, on graph: Graph) throws(Failure) {
    for member in members { try member.willRun(pass, at: position, on: graph) }
  }

  public func didRun(
    _ pass: any Pass, at position: Int, on graph: Graph, seconds: PassSeconds
  ) throws(Failure) {
    for member in members {
      try member.didRun(pass, at: position, on: graph, seconds: seconds)
    }
  }

  public func noted(_ note: String) {
    for member in members { member.noted(note) }
  }

  public func didFail(
    _ pass: any Pass, at position: Int, on graph: Graph, broken: Graph, _ failure: Failure
  ) {
    for member in members {
      member.didFail(pass, at: position, on: graph, broken: broken, failure)
    }
  }

  public func tried(_ event: RewriteEvent) {
    for member in members where member.watchesRewrites { member.tried(event) }
  }
}

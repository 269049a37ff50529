// SPDX-License-Identifier: Apache-2.0
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
}

/// Something that watches a pipeline: a trace, a ledger, a progress display. Every method has an
/// empty default.
public protocol PassObserver: AnyObject {
  /// A pass is about to run; `position` counts the passes of the pipeline from 0.
  func willRun(_ pass: any Pass, at position: Int, on graph: Graph)
  /// A pass has run and its result is verified; `seconds` is the time of the pass alone.
  func didRun(_ pass: any Pass, at position: Int, on graph: Graph, seconds: Double)
  /// A rewrite was tried on an op of a kind that it looks at.
  func tried(_ event: RewriteEvent)
}

extension PassObserver {
  public func willRun(_ pass: any Pass, at position: Int, on graph: Graph) {}
  public func didRun(_ pass: any Pass, at position: Int, on graph: Graph, seconds: Double) {}
  public func tried(_ event: RewriteEvent) {}
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR

/// How far the outputs of two graphs are apart.
public struct OutputChange: Sendable, CustomStringConvertible {
  /// The largest difference, as a share of the largest magnitude of its output.
  public let share: Double
  /// What was run, as in '4 samples'.
  public let inputs: String

  /// A change.
  public init(share: Double, inputs: String) {
    self.share = share
    self.inputs = inputs
  }

  public var description: String { "\(Float(share)) of the largest (\(inputs))" }
}

/// Tells passes what they have changed, for their reports.
public protocol ChangeMeter {
  /// Runs two graphs with the same ports.
  func change(from before: Graph, to after: Graph) throws(Failure) -> OutputChange
}

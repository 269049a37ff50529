// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

/// Samples that are loaded one at a time, so that their number is not bounded by memory.
public struct Samples: Sendable {
  /// How many there are.
  public let count: Int
  /// The tensors of a sample (0 to count − 1) for the input ports of role `input`, in order. May be
  /// called on several threads at once.
  public let load: @Sendable (Int) throws(Failure) -> [Tensor]

  /// Samples by number.
  public init(count: Int, load: @escaping @Sendable (Int) throws(Failure) -> [Tensor]) {
    self.count = count
    self.load = load
  }

  /// Samples in memory.
  public init(_ samples: [[Tensor]]) {
    self.init(count: samples.count) { samples[$0] }
  }
}

/// Something that computes a graph: the reference evaluator, or compiled code.
public protocol GraphRunner: Sendable {
  /// Computes the graph on every sample and hands over each sample's number and the tensors of the
  /// output ports, in the order of the samples, however many are computed at once.
  func run(
    _ graph: Graph, on samples: Samples, _ receive: (Int, [Tensor]) throws(Failure) -> Void
  ) throws(Failure)
}

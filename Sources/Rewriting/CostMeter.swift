// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR

/// What a graph costs on a target.
public struct GraphCost: Hashable, Sendable {
  /// Elements of all constants.
  public var parameters: Int
  /// Bytes of all constants as they are stored.
  public var storedBytes: Int
  /// Multiply-accumulate operations of one run.
  public var multiplyAccumulates: Int
  /// Bytes of the largest set of tensors alive at once.
  public var peakBytes: Int

  /// A cost.
  public init(parameters: Int, storedBytes: Int, multiplyAccumulates: Int, peakBytes: Int) {
    self.parameters = parameters
    self.storedBytes = storedBytes
    self.multiplyAccumulates = multiplyAccumulates
    self.peakBytes = peakBytes
  }
}

/// Something that tells what a graph costs.
public protocol CostMeter: Sendable {
  /// The cost of a graph.
  func cost(of graph: Graph) throws(Failure) -> GraphCost
}

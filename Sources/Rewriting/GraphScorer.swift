// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR

/// How a graph does on samples.
public struct GraphScore: Sendable {
  /// From 0 to 100: right answers of a hundred, or the hundredfold area under a curve.
  public let points: Double
  /// The squares of the outputs' differences from those of the reference, as a share of the
  /// squares of these: 0 where nothing differs.
  public let noise: Double

  /// A score.
  public init(points: Double, noise: Double) {
    self.points = points
    self.noise = noise
  }
}

/// Measures graphs on labelled samples that are held back from the passes, for those that choose by
/// what a choice costs.
public protocol GraphScorer {
  /// How many answers count.
  var count: Int { get }
  /// The scores of graphs with the ports of a reference.
  func scores(of graphs: [Graph], against reference: Graph) throws(Failure) -> [GraphScore]
}

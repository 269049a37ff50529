// SPDX-License-Identifier: Apache-2.0

/// Where an op comes from: the user's names of the layers (ONNX nodes) that it was made of, in order.
public struct Location: Hashable, Sendable {
  /// The names; empty for an op that nobody named.
  public var layers: [String]

  /// A location.
  public init(_ layers: [String] = []) { self.layers = layers }

  /// The location of an op made of this one and another: the names of both, each once.
  public func joined(with other: Location) -> Location {
    Location(layers + other.layers.filter { !layers.contains($0) })
  }
}

/// Per-channel mean and deviation of a value over the training data, which folding a batch normalisation would
/// otherwise destroy: β and |γ| of the normalisation.
public struct ChannelStatistics: Hashable, Sendable {
  /// One for each channel (dimension 1).
  public var mean: [Float]
  /// One for each channel; not negative.
  public var deviation: [Float]

  /// Statistics of as many channels as there are means and deviations.
  public init(mean: [Float], deviation: [Float]) {
    self.mean = mean
    self.deviation = deviation
  }
}

// SPDX-License-Identifier: Apache-2.0

/// The kinds of ops that a reader knows, by name.
public struct OpSet: Sendable {
  /// The kinds, in the order of the documentation.
  public let kinds: [any OpDefinition.Type]
  private let byName: [String: any OpDefinition.Type]

  /// A set of kinds; the first of a name counts.
  public init(_ kinds: [any OpDefinition.Type]) {
    self.kinds = kinds
    byName = Dictionary(kinds.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The kind of a name.
  public subscript(name: String) -> (any OpDefinition.Type)? { byName[name] }

  /// The ops of Fettle itself: a new op is one line here.
  public static let standard = OpSet([
    Unary.self, Binary.self, Select.self, Cast.self,
    Quantize.self, Dequantize.self, Requantize.self,
    Convolution.self, TransposedConvolution.self, MatrixMultiply.self,
    Pool.self, MaxPoolIndices.self, Reduce.self, ArgReduce.self, Softmax.self,
    BatchNorm.self, Normalize.self, LocalResponseNorm.self,
    Reshape.self, Transpose.self, Slice.self, Pad.self, Concat.self, Gather.self,
    Broadcast.self, Resize.self,
  ])
}

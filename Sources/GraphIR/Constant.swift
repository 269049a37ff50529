// SPDX-License-Identifier: Apache-2.0
public import Tensors

/// A constant tensor of a graph. The graph sees the dense tensor; how it is stored is the encoding's matter.
public struct Constant: Sendable {
  /// The name of the text form, unique in the graph, without `@`.
  public let name: String
  /// The values.
  public let tensor: Tensor
  let lazyDigest: LazyDigest

  init(name: String, tensor: Tensor) {
    self.name = name
    self.tensor = tensor
    lazyDigest = LazyDigest(tensor)
  }

  /// SHA-256 of the type and the bytes, in hexadecimal; computed once, when first asked for.
  public var digest: String { lazyDigest.value }
}

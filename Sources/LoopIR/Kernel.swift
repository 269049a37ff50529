// SPDX-License-Identifier: Apache-2.0
public import Tensors

/// A buffer that a kernel is given.
public struct Parameter: Hashable, Sendable {
  /// What it holds, for reading: `x`, `weights`.
  public let name: String
  /// The type of its elements in memory.
  public let element: ElementType
  /// Whether the kernel writes to it. What is only read is `const`.
  public let isWritten: Bool
  /// Whether another parameter of the kernel may be the same memory (an operation in place). Such
  /// a kernel reads an element before it writes the same place, and reads no place that it has written.
  public let mayAlias: Bool

  /// A parameter.
  public init(_ name: String, _ element: ElementType, isWritten: Bool, mayAlias: Bool = false) {
    self.name = name
    self.element = element
    self.isWritten = isWritten
    self.mayAlias = mayAlias
  }
}

/// A function over buffers: loops that read and write them. Kernels with equal bodies are one C function, so
/// nothing in a kernel names the layer it serves.
public struct Kernel: Hashable, Sendable {
  /// What it computes, in a word that starts the C function's name: `conv`, `softmax`.
  public var name: String
  public var parameters: [Parameter]
  public var body: [Statement]

  /// A kernel.
  public init(name: String, parameters: [Parameter], body: [Statement]) {
    self.name = name
    self.parameters = parameters
    self.body = body
  }
}

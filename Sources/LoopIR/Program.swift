// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// What a port of a program is for.
public enum PortRole: Hashable, Sendable { case input, output, state, parameter }

/// Memory that kernels work on.
public struct Buffer: Sendable {
  /// Where the memory is.
  public enum Storage: Hashable, Sendable {
    /// Given by the caller: the port of that position.
    case port(Int)
    /// In the read-only data.
    case constant
    /// In the arena, at a byte offset.
    case arena(offset: Int)
  }

  /// What it holds, for reading and for C names: the name of the tensor.
  public var name: String
  public var layout: BufferLayout
  public var storage: Storage
  /// Bytes from the start of the port's memory to the buffer; 0 elsewhere.
  public var byteOffset: Int
  /// The piece of memory that it lies in: buffers of one root are views of the same tensors.
  public var root: Int
  /// The first and the last step that use it.
  public var lifetime: ClosedRange<Int>

  /// A buffer.
  public init(
    name: String, layout: BufferLayout, storage: Storage, byteOffset: Int = 0, root: Int,
    lifetime: ClosedRange<Int>
  ) {
    self.root = root
    self.name = name
    self.layout = layout
    self.storage = storage
    self.byteOffset = byteOffset
    self.lifetime = lifetime
  }
}

/// A tensor that goes in or out.
public struct Port: Sendable {
  /// The model's name of the tensor.
  public var name: String
  public var role: PortRole
  /// The type as the caller sees it, row-major.
  public var type: TensorType

  /// A port.
  public init(name: String, role: PortRole, type: TensorType) {
    self.name = name
    self.role = role
    self.type = type
  }
}

/// One call of a kernel.
public struct Step: Sendable {
  /// The position of the kernel in the program.
  public var kernel: Int
  /// The buffers given to the kernel's parameters, by position in the program.
  public var arguments: [Int]
  /// The user's names of the layers that it computes.
  public var layers: [String]
  /// The lowering that made it; empty for steps that belong to none.
  public var lowering: String
  /// Multiply-accumulates of the layers, for reports.
  public var multiplyAccumulates: Int

  /// A call.
  public init(
    kernel: Int, arguments: [Int], layers: [String], lowering: String = "", multiplyAccumulates: Int
  ) {
    self.lowering = lowering
    self.kernel = kernel
    self.arguments = arguments
    self.layers = layers
    self.multiplyAccumulates = multiplyAccumulates
  }
}

/// Everything that is emitted for a model: ports, buffers with their places, the data of the constants, and
/// the calls in order.
public struct Program: Sendable {
  public var name: String
  public var ports: [Port] = []
  public var buffers: [Buffer] = []
  /// The bytes of each buffer whose storage is `.constant`, in its layout, by position in `buffers`.
  public var constants: [Int: Bytes] = [:]
  /// Kernels, each different from the others.
  public var kernels: [Kernel] = []
  public var steps: [Step] = []
  /// The bytes of the arena, and what its start must be aligned to.
  public var arenaBytes = 0
  public var arenaAlignment = 1
  /// The lower bound of the arena: bytes live at once at some step in every legal order.
  public var arenaLowerBound = 0

  /// A program without steps.
  public init(name: String) { self.name = name }
}

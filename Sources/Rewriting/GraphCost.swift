// SPDX-License-Identifier: Apache-2.0
public import GraphIR
import Tensors

/// What a graph costs, whatever the target.
public struct GraphCost: Hashable, Sendable {
  /// Bytes of constants that are stored in one way.
  public struct Stored: Hashable, Sendable {
    /// How: `dense f32`.
    public let encoding: String
    public var bytes: Int
  }

  /// The number of ops.
  public var ops: Int
  /// Elements of all constants.
  public var parameters: Int
  /// Bytes of all constants by how they are stored, in alphabetical order.
  public var stored: [Stored]
  /// Multiply-accumulates of one run.
  public var multiplyAccumulates: Int
  /// Bytes of the largest set of tensors alive at once, in the present order of the ops.
  public var peakBytes: Int

  /// Bytes of all constants.
  public var storedBytes: Int { stored.reduce(0) { $0 + $1.bytes } }

  /// The cost of a graph, in one walk over it; no constant's bytes are looked at.
  public init(of graph: Graph) {
    var bytes: [ElementType: Int] = [:]
    parameters = 0
    for value in graph.constantIDs {
      let type = graph.type(of: value)
      parameters += type.shape.elementCount
      bytes[type.element, default: 0] += type.byteCount
    }
    stored = bytes.map { Stored(encoding: "dense \($0.key)", bytes: $0.value) }
      .sorted { $0.encoding < $1.encoding }
    ops = graph.opCount
    multiplyAccumulates = graph.opIDs.reduce(0) { $0 + graph.multiplyAccumulates(of: $1) }
    peakBytes = graph.peakLiveBytes
  }
}

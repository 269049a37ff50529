// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
public import LoopIR
public import Targets
import Tensors

/// Where a lowering likes the elements of its result.
public enum LayoutWish: Sendable {
  /// Row-major order.
  case rowMajor
  /// Dimension 1 innermost as the target computes with the elements: in blocks of its lanes, or as a whole (row-major where it
  /// takes them one by one).
  case blockedChannels
  /// As the operand in a slot, which has as many dimensions.
  case like(slot: Int)
}

/// One way to compute ops of a kind: what it can do, and the steps that do it. Add a kernel by writing one of these in a file
/// of its own and entering it in `LoweringTable.standard`, in front of those that are more general.
public protocol OpLowering: Sendable {
  associatedtype Op: OpDefinition
  /// The name that `fettle emit --explain` prints.
  var name: String { get }
  /// One line: what the kernel does and when it is chosen.
  var summary: String { get }
  /// Whether this lowering computes the op on the target.
  func supports(_ op: OpRef<Op>, in graph: Graph, on target: Target) -> Bool
  /// Where the result should lie.
  func wish(_ op: OpRef<Op>, in graph: Graph, on target: Target) -> LayoutWish
  /// The border around an operand that spares a copy, one for each dimension, or nil for none. A lowering whose border would take
  /// more memory than all tensors of the op is passed over.
  func halo(
    _ op: OpRef<Op>, slot: Int, in graph: Graph, on target: Target
  ) -> [BufferLayout.Halo]?
  /// The number wished in that border.
  func border(_ op: OpRef<Op>, slot: Int, in graph: Graph, on target: Target) -> Int64
  /// Whether elementwise ops behind the op may be computed in its kernel (by `context.epilogue`).
  var acceptsTail: Bool { get }
  /// Adds the steps that compute the op and its tail.
  ///
  /// - Throws: `LoweringError` if the op cannot be computed after all.
  func lower(_ op: OpRef<Op>, in context: inout LoweringContext) throws(LoweringError)
}

extension OpLowering {
  public func supports(_ op: OpRef<Op>, in graph: Graph, on target: Target) -> Bool { true }
  public func wish(_ op: OpRef<Op>, in graph: Graph, on target: Target) -> LayoutWish {
    .rowMajor
  }
  public func halo(
    _ op: OpRef<Op>, slot: Int, in graph: Graph, on target: Target
  ) -> [BufferLayout.Halo]? { nil }
  public func border(_ op: OpRef<Op>, slot: Int, in graph: Graph, on target: Target) -> Int64 { 0 }
  public var acceptsTail: Bool { false }
}

/// Why an op cannot be lowered, in words for the user.
public struct LoweringError: Error, Sendable, CustomStringConvertible {
  public let description: String

  /// A reason that reads as a sentence without a full stop.
  public init(_ reason: String) { description = reason }
}

/// The lowerings in order; the first that supports an op computes it.
public struct LoweringTable: Sendable {
  /// The lowerings, the most special first.
  public let lowerings: [any OpLowering]

  /// A table of lowerings.
  public init(_ lowerings: [any OpLowering]) { self.lowerings = lowerings }

  /// The first lowering that supports an op, or nil.
  func lowering(of op: OpID, in graph: Graph, on target: Target) -> (any OpLowering)? {
    lowerings.first { $0.takes(op, in: graph, on: target) }
  }
}

// The same questions about an op whose kind is not known statically; the answers are neutral for another kind.
extension OpLowering {
  func takes(_ id: OpID, in graph: Graph, on target: Target) -> Bool {
    guard let op = graph.op(id, as: Op.self) else { return false }
    return supports(op, in: graph, on: target) && affordsHalos(id, in: graph, on: target)
  }

  /// Whether the borders that the lowering wishes take no more elements than the tensors of the op. Strides and paddings of a file
  /// can be such that next to nothing is read, and nearly all memory would be border.
  private func affordsHalos(_ id: OpID, in graph: Graph, on target: Target) -> Bool {
    let operands = graph.operands(of: id)
    var room = Checked.sum(graph.results(of: id).map { graph.type(of: $0).shape.elementCount })
    room += Checked.sum(operands.compactMap { $0 }.map { graph.type(of: $0).shape.elementCount })
    for case (let slot, let value?) in operands.enumerated() {
      guard let halo = halo(id, slot: slot, in: graph, on: target) else { continue }
      let shape = graph.type(of: value).shape
      guard let border = BufferLayout.Halo.elements(of: halo, around: shape).value,
        let room = room.value, border <= room
      else { return false }
    }
    return true
  }

  func wish(_ id: OpID, in graph: Graph, on target: Target) -> LayoutWish {
    graph.op(id, as: Op.self).map { wish($0, in: graph, on: target) } ?? .rowMajor
  }

  func halo(
    _ id: OpID, slot: Int, in graph: Graph, on target: Target
  ) -> [BufferLayout.Halo]? {
    graph.op(id, as: Op.self).flatMap { halo($0, slot: slot, in: graph, on: target) }
  }

  func border(_ id: OpID, slot: Int, in graph: Graph, on target: Target) -> Int64 {
    graph.op(id, as: Op.self).map { border($0, slot: slot, in: graph, on: target) } ?? 0
  }

  func lower(_ id: OpID, in context: inout LoweringContext) throws(LoweringError) {
    guard let op = context.graph.op(id, as: Op.self) else { return }
    try lower(op, in: &context)
  }
}

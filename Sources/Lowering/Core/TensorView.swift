// SPDX-License-Identifier: Apache-2.0
public import LoopIR

/// A tensor in memory: a root (a piece of memory of its own) and the layout of the tensor inside it. Several views can lie in one root: a
/// reshape of a tensor, the parts of a concat.
public struct TensorView: Hashable, Sendable {
  /// The position of the root in the context.
  public let root: Int
  public let layout: BufferLayout
}

/// A piece of memory that the planner places.
struct Root {
  /// What it is.
  enum Kind {
    case port(Int)
    case constant
    case arena
  }

  var name: String
  var kind: Kind
  /// The bytes of the largest layout seen in it.
  var byteCount: Int

  /// Whether the planner gives it a place.
  var isInArena: Bool {
    if case .arena = kind { true } else { false }
  }
}

// SPDX-License-Identifier: Apache-2.0

/// How a loop is run.
public enum LoopKind: String, CaseIterable, Sendable {
  /// One turn after the other.
  case serial
  /// All turns written out; the bounds are constant.
  case unrolled
}

/// A bound of a loop: the largest (for a lower bound) or smallest (for an upper one) of some indices. Most
/// have one.
public struct Bound: Hashable, Sendable {
  /// At least one index.
  public let indices: [Index]

  /// The extreme of several indices.
  public init(_ indices: [Index]) {
    precondition(!indices.isEmpty, "a bound has an index")
    self.indices = indices
  }

  /// A single index.
  public init(_ index: Index) { self.init([index]) }

  /// The value, if it is one constant.
  public var constantValue: Int? { indices.count == 1 ? indices[0].constantValue : nil }
}

/// `for (variable = lower; variable < upper; variable++) body`, without turns if the upper bound is not
/// above the lower.
public struct Loop: Hashable, Sendable {
  public var variable: LoopVariable
  /// The largest of its indices is the first value.
  public var lower: Bound
  /// The smallest of its indices is one past the last value.
  public var upper: Bound
  public var kind: LoopKind
  public var body: [Statement]

  /// A loop.
  public init(
    _ variable: LoopVariable, from lower: Bound, to upper: Bound, kind: LoopKind,
    body: [Statement]
  ) {
    self.variable = variable
    self.lower = lower
    self.upper = upper
    self.kind = kind
    self.body = body
  }
}

/// A statement of a kernel.
public indirect enum Statement: Hashable, Sendable {
  case loop(Loop)
  /// Names a value from here to the end of the block.
  case bind(Local, Expression)
  /// Makes a register array, all elements set to the expression; it lives to the end of the block.
  case declare(RegisterArray, Expression)
  /// Sets an element of a register array.
  case set(RegisterArray, [Index], Expression)
  /// Writes consecutive elements, as many as the expression has lanes.
  case store(Access, Expression)
  /// Runs one of two blocks by a `bool` number.
  case branch(Expression, then: [Statement], else: [Statement])
  /// A remark for the reader of the emitted code; one line.
  case note(String)
}

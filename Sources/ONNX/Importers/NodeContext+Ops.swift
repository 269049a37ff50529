// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The ops that importers add most, in short.
extension NodeContext {
  func unary(
    _ function: UnaryFunction, _ x: ValueID, alpha: Float = 0, beta: Float = 0
  ) throws(Failure) -> ValueID {
    try insert(Unary(function, alpha: alpha, beta: beta), x)
  }

  func binary(_ function: BinaryFunction, _ a: ValueID, _ b: ValueID) throws(Failure) -> ValueID {
    try insert(Binary(function), a, b)
  }

  /// A scalar of the element type of another value.
  func scalar(_ value: Double, like other: ValueID) -> ValueID {
    add(Tensor(scalar: value, type(other).element), name: "")
  }

  func scalar(_ value: Double, _ element: ElementType) -> ValueID {
    add(Tensor(scalar: value, element), name: "")
  }

  /// The value in an element type; itself if it has it.
  func cast(_ x: ValueID, to element: ElementType) throws(Failure) -> ValueID {
    type(x).element == element ? x : try insert(Cast(to: element), x)
  }

  /// The value under other extents; itself if it has them. -1 is inferred, -2 copied.
  func reshape(_ x: ValueID, _ extents: [Int]) throws(Failure) -> ValueID {
    self.extents(x) == extents ? x : try insert(Reshape(to: extents), x)
  }

  func transpose(_ x: ValueID, _ permutation: [Int]) throws(Failure) -> ValueID {
    permutation == Array(permutation.indices) ? x : try insert(Transpose(permutation), x)
  }

  /// The value repeated to extents; itself if it has them.
  func broadcast(_ x: ValueID, _ extents: [Int]) throws(Failure) -> ValueID {
    self.extents(x) == extents ? x : try insert(Broadcast(to: extents), x)
  }

  func reduce(
    _ kind: ReduceKind, _ x: ValueID, axes: [Int], keep: Bool = true
  ) throws(Failure) -> ValueID {
    try insert(Reduce(kind, axes: axes, keepDimensions: keep), x)
  }

  /// A box of the value; itself if it is the whole.
  func slice(
    _ x: ValueID, starts: [Int], sizes: [Int], steps: [Int] = []
  ) throws(Failure) -> ValueID {
    let isWhole = sizes == extents(x) && starts.allSatisfy { $0 == 0 }
      && steps.allSatisfy { $0 == 1 }
    if isWhole { return x }
    let plain = steps.allSatisfy { $0 == 1 }
    return try insert(Slice(starts: starts, sizes: sizes, steps: plain ? [] : steps), x)
  }

  /// A vector over the channels (axis 1) of a tensor of a rank, so that it broadcasts with it.
  func alongChannels(_ x: ValueID, rank: Int) throws(Failure) -> ValueID {
    guard self.rank(x) == 1, rank >= 2 else { return x }
    return try reshape(x, [extents(x)[0]] + Array(repeating: 1, count: rank - 2))
  }

  /// Positions added, or taken away where the number is negative.
  func pad(
    _ x: ValueID, before: [Int], after: [Int], mode: PadMode = .constant, value: ValueID? = nil
  ) throws(Failure) -> ValueID {
    let extents = self.extents(x)
    var sizes: [Int] = []
    for axis in extents.indices {
      guard abs(before[axis]) < 1 << 40, abs(after[axis]) < 1 << 40 else {
        throw failure("the padding \(before.text) \(after.text) is too large")
      }
      let size = extents[axis] + min(before[axis], 0) + min(after[axis], 0)
      guard size >= 0 else {
        throw failure("the padding \(before.text) \(after.text) takes more than \(extents.text)")
      }
      sizes.append(size)
    }
    let inner = try slice(x, starts: before.map { max(-$0, 0) }, sizes: sizes)
    if (before + after).allSatisfy({ $0 <= 0 }) { return inner }
    return try insert(
      Pad(before: before.map { max($0, 0) }, after: after.map { max($0, 0) }, mode: mode),
      inner, value)
  }
}

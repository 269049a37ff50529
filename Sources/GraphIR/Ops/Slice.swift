// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// A box of the input: position i along an axis is starts + i·steps of the input.
public struct Slice: OpDefinition {
  public enum Operand: Int, OperandName { case input }
  public static let name = "slice"
  public static let summary = "every steps-th position from starts on, sizes of them, for each axis"
  public static let fields: [Field<Self>] = [
    Field("starts", \.starts, "the first position for each axis"),
    Field("sizes", \.sizes, "the number of positions for each axis"),
    Field("steps", \.steps, "the distance of positions for each axis, may be negative; empty: 1"),
  ]
  public var starts: [Int] = []
  public var sizes: [Int] = []
  public var steps: [Int] = []

  public init() {}

  /// A box; empty steps are 1.
  public init(starts: [Int], sizes: [Int], steps: [Int] = []) {
    self.starts = starts
    self.sizes = sizes
    self.steps = steps
  }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    let rank = input.shape.rank
    guard starts.count == rank, sizes.count == rank, steps.isEmpty || steps.count == rank else {
      throw TypeMismatch("starts, sizes and steps need \(rank) entries")
    }
    for axis in 0..<rank where sizes[axis] > 0 {
      let step = steps.isEmpty ? 1 : steps[axis]
      let last = Checked(starts[axis]) + (Checked(sizes[axis]) - 1) * Checked(step)
      let inside = 0..<input.shape[axis]
      guard let last = last.value, inside.contains(starts[axis]), inside.contains(last) else {
        throw TypeMismatch("the slice leaves axis \(axis) of \(input.shape)")
      }
    }
    return [TensorType(input.element, try checkedShape(sizes))]
  }
}

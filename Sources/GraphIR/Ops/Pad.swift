// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// What stands in the padding.
public enum PadMode: String, AttributeWord {
  case constant
  /// The mirror image without the border position.
  case reflect
  /// The border position again.
  case edge
  /// The other end of the axis.
  case wrap
}

/// Positions added around the input.
public struct Pad: OpDefinition {
  public enum Operand: Int, OperandName { case input, value }
  public static let name = "pad"
  public static let summary = "positions added before and after each axis; value is a scalar, 0 if absent"
  public static let optionalOperands: [Operand] = [.value]
  public static let fields: [Field<Self>] = [
    Field("before", \.before, "positions before each axis"),
    Field("after", \.after, "positions after each axis"),
    Field("mode", \.mode, "what stands there"),
  ]
  public var before: [Int] = []
  public var after: [Int] = []
  public var mode = PadMode.constant

  public init() {}

  /// A padding.
  public init(before: [Int], after: [Int], mode: PadMode = .constant) {
    self.before = before
    self.after = after
    self.mode = mode
  }

  public func resultTypes(
    of operands: OperandTypes<Self>
  ) throws(TypeMismatch) -> [TensorType] {
    let input = try operands.require(.input)
    let rank = input.shape.rank
    guard before.count == rank, after.count == rank,
      (before + after).allSatisfy({ $0 >= 0 && $0 < 1 << 40 })
    else { throw TypeMismatch("padding \(before.text) \(after.text) for \(input.shape)") }
    if let value = operands[.value] {
      guard value.element == input.element, value.shape.elementCount == 1 else {
        throw TypeMismatch("the padding value is \(value), expected a scalar \(input.element.rawValue)")
      }
    }
    if mode != .constant {
      for axis in 0..<rank where before[axis] + after[axis] > 0 && input.shape[axis] == 0 {
        throw TypeMismatch("axis \(axis) of \(input.shape) has nothing to repeat")
      }
    }
    return [
      TensorType(
        input.element, try checkedShape((0..<rank).map { input.shape[$0] + before[$0] + after[$0] }))
    ]
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// Operands of quantised operators: integers with a scale and a zero point of their own.
extension NodeContext {
  /// A scale; what is known of it can be computed with, divided by if `divides`.
  func scale(_ index: Int, divides: Bool = false) throws(Failure) -> ValueID {
    let value = try input(index)
    guard type(value).element.isFloat else {
      throw failure("the scale '\(node.input(index) ?? "")' is \(type(value)), not a float")
    }
    guard let numbers = try tensor(of: value)?.doubles() else { return value }
    if let number = numbers.first(where: { !$0.isFinite }) {
      throw failure("the scale '\(node.input(index) ?? "")' holds \(number), which is no scale")
    }
    if divides, numbers.contains(0) {
      throw failure(
        "the scale '\(node.input(index) ?? "")' holds 0, and nothing can be divided by it")
    }
    return value
  }

  /// The numbers that three operands (integers, scale, zero point) stand for; the scale and the
  /// zero point are one each.
  func dequantized(_ index: Int) throws(Failure) -> ValueID {
    let scale = try single(try scale(index + 1), index + 1)
    let zero = try optional(index + 2).map { (z) throws(Failure) in try single(z, index + 2) }
    return try insert(Dequantize(), try input(index), scale, zero)
  }

  /// A value quantised by the scale at an index and the zero point behind it; without a zero point
  /// in the type of an operand.
  func quantized(
    _ y: ValueID, _ index: Int, like other: Int
  ) throws(Failure) -> ValueID {
    var op = Quantize()
    let zero = optional(index + 1)
    op.to = if let zero { type(zero).element } else { type(try input(other)).element }
    let scale = try single(try scale(index, divides: true), index)
    return try insert(
      op, y, scale, try zero.map { (z) throws(Failure) in try single(z, index + 1) })
  }

  /// An operand of one element as a scalar.
  private func single(_ value: ValueID, _ index: Int) throws(Failure) -> ValueID {
    guard type(value).shape.elementCount == 1 else {
      throw unsupported(
        "'\(node.input(index) ?? "")' is \(type(value))", "one scale for the tensor is supported")
    }
    return try reshape(value, [])
  }

  /// What a function makes of a value whose channels, if `channels_last` is set, are its last axis,
  /// and of which it needs them as axis 1.
  func channelsFirst(
    _ x: ValueID, _ function: (ValueID) throws(Failure) -> ValueID
  ) throws(Failure) -> ValueID {
    let rank = rank(x)
    guard try flag("channels_last"), rank > 2 else { return try function(x) }
    let y = try function(try transpose(x, [0, rank - 1] + Array(1..<rank - 1)))
    return try transpose(y, [0] + Array(2..<rank) + [1])
  }
}

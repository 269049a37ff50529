// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// What of an operand has a scale and a zero point of its own.
enum ScaledPart {
  /// The operand as a whole.
  case tensor
  /// A row of the first matrix of a product.
  case row
  /// A column of the second matrix of a product.
  case column
  /// A filter of a convolution.
  case filter

  /// What is supported, for a note.
  fileprivate var supported: String {
    switch self {
    case .tensor: "one scale for the tensor is supported"
    case .row: "one for the tensor or for each row is supported"
    case .column: "one for the tensor or for each column is supported"
    case .filter: "one for the tensor or a vector with one for each filter is supported"
    }
  }
}

/// Operands of quantised operators: integers with a scale and a zero point of their own.
extension NodeContext {
  /// Refuses a type that ONNX quantises nothing to.
  func checkQuantized(_ element: ElementType) throws(Failure) {
    guard !element.isInteger || element.bitCount <= 16 else {
      throw unsupported("ONNX quantises to at most 16 bits, not \(element.rawValue)")
    }
  }

  /// Refuses a type that ONNX dequantises nothing from.
  func checkDequantized(_ element: ElementType) throws(Failure) {
    guard !element.isInteger || element.bitCount <= 16 || element == .i32 else {
      throw unsupported("ONNX dequantises i32 and at most 16 bits, not \(element.rawValue)")
    }
  }

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

  /// A scale, or one for each part of what it scales as a vector.
  func scale(
    _ index: Int, of part: ScaledPart, divides: Bool = false
  ) throws(Failure) -> ValueID {
    try vector(try scale(index, divides: divides), index, of: part)
  }

  /// A zero point, or one for each part of its tensor as a vector.
  func zeroPoint(_ index: Int, of part: ScaledPart) throws(Failure) -> ValueID {
    try vector(try input(index), index, of: part)
  }

  /// A zero point as in `zeroPoint`, or nil if it is left out.
  func zeroPointIfPresent(_ index: Int, of part: ScaledPart) throws(Failure) -> ValueID? {
    optional(index) == nil ? nil : try zeroPoint(index, of: part)
  }

  /// A scale or zero point without the axes of one position. Those of rows lie along the last axis
  /// but one, those of columns along the last; a vector may be either.
  private func vector(
    _ value: ValueID, _ index: Int, of part: ScaledPart
  ) throws(Failure) -> ValueID {
    let shape = type(value).shape
    if shape.elementCount == 1 { return shape.rank <= 1 ? value : try reshape(value, [1]) }
    let place: Int? = switch part {
    case .tensor: nil
    case .row: max(shape.rank - 2, 0)
    case .column: shape.rank - 1
    case .filter: shape.rank == 1 ? 0 : nil
    }
    guard let place, shape.extents.indices.allSatisfy({ $0 == place || shape[$0] == 1 }) else {
      throw unsupported("'\(node.input(index) ?? "")' is \(type(value))", part.supported)
    }
    return try reshape(value, [shape.elementCount])
  }

  /// The numbers that three operands (integers, scale, zero point) stand for; the scale and the
  /// zero point are one each.
  func dequantized(_ index: Int) throws(Failure) -> ValueID {
    try checkDequantized(type(try input(index)).element)
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
    try checkQuantized(op.to)
    let scale = try single(try scale(index, divides: true), index)
    return try insert(
      op, y, scale, try zero.map { (z) throws(Failure) in try single(z, index + 1) })
  }

  /// An operand of one element as a scalar.
  private func single(_ value: ValueID, _ index: Int) throws(Failure) -> ValueID {
    guard type(value).shape.elementCount == 1 else {
      throw unsupported(
        "'\(node.input(index) ?? "")' is \(type(value))", ScaledPart.tensor.supported)
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

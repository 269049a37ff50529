// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

/// An op whose meaning is known: it computes its results from tensors. Floats are computed in
/// double and rounded once to the element type, integers exactly, wrapping where the op's
/// documentation says so.
public protocol Evaluable: OpDefinition {
  /// The results for operands whose types `resultTypes(of:)` has accepted.
  ///
  /// - Throws: `Failure` for values that have no meaning, such as an index outside of its axis.
  func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor]
}

/// The values of an op's operands, by name.
public struct OperandTensors<Op: OpDefinition>: Sendable {
  /// By slot; nil where an optional operand is absent.
  public let slots: [Tensor?]

  /// The values by slot.
  public init(_ slots: [Tensor?]) { self.slots = slots }

  /// The value of an operand, nil if it is absent.
  public subscript(operand: Op.Operand) -> Tensor? {
    operand.rawValue < slots.count ? slots[operand.rawValue] : nil
  }

  /// The value of an operand that must be there.
  public func require(_ operand: Op.Operand) throws(Failure) -> Tensor {
    guard let tensor = self[operand] else { throw Failure("operand '\(operand)' is missing") }
    return tensor
  }

  /// The values of a variadic operand, in order.
  public func all(_ operand: Op.Operand) -> [Tensor] {
    slots.dropFirst(operand.rawValue).compactMap { $0 }
  }
}

extension Evaluable {
  /// The results for operands by slot.
  public func evaluate(slots: [Tensor?], resultTypes: [TensorType]) throws(Failure) -> [Tensor] {
    try evaluate(OperandTensors<Self>(slots), resultTypes: resultTypes)
  }
}

// SPDX-License-Identifier: Apache-2.0
public import GraphIR
public import LoopIR
public import Tensors

/// An op whose result at a position depends on its operands at one position each: it can be
/// computed in the kernel of the op in front of it.
public protocol ElementwiseOp: OpDefinition {
  /// The position of an operand that a result position reads. By default shapes broadcast as numpy
  /// does.
  func coordinates(slot: Int, operand: Shape, at result: [Index]) -> [Index]
  /// Whether an operand is read at the result's own position wherever the shapes agree.
  func isPositional(slot: Int) -> Bool
  /// Whether the expression can make more of an operand that is a number known at compile time: it gets the
  /// constant instead of an element of memory then.
  func prefersLiteral(slot: Int, of element: ElementType) -> Bool
  /// The result, of type `result`, from the operands (in their computed types, all with the same
  /// number of lanes; nil where absent). What is used several times may be bound in the kernel.
  func expression(
    _ operands: [Expression?], result: TensorType, in k: inout KernelBuilder
  ) -> Expression
}

extension ElementwiseOp {
  public func coordinates(slot: Int, operand: Shape, at result: [Index]) -> [Index] {
    let skipped = result.count - operand.rank
    return (0..<operand.rank).map { operand[$0] == 1 ? Index(0) : result[$0 + skipped] }
  }

  public func isPositional(slot: Int) -> Bool { true }

  public func prefersLiteral(slot: Int, of element: ElementType) -> Bool { false }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

/// What the user says about a model beside the file.
public struct ImportOptions: Sendable {
  /// Gives the tensor that a value is, or nil if it can not be told. The graph it gets has no
  /// inputs: it
  /// holds the ops that the value depends on, and nothing else.
  public typealias Evaluate = @Sendable (Graph, ValueID) throws(Failure) -> Tensor?

  /// The extents of symbolic dimensions by name; others are taken as 1, with a warning.
  public var dimensions: [String: Int] = [:]
  /// The shapes of inputs by name, in place of what the model declares.
  public var shapes: [String: [Int]] = [:]
  /// The tensors, inner ones too, that become the inputs, in this order; empty: those of the model.
  public var inputs: [String] = []
  /// The tensors, inner ones too, that become the outputs, in this order; empty: those of the
  /// model.
  public var outputs: [String] = []
  /// The version of the standard operators to read the nodes by, in place of what the model says.
  public var assumedOpset: Int?
  /// Evaluates the constant arithmetic that shapes and attributes are computed by.
  public var evaluate: Evaluate

  /// Options that say nothing; without `evaluate` only plain constants count as constant.
  public init(evaluate: @escaping Evaluate = { (_, _) throws(Failure) in nil }) {
    self.evaluate = evaluate
  }
}

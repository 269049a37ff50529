// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// The outputs of a program that runs whole, nothing of it fed, against those that the evaluator makes of a graph on one input.
struct WholeComparison {
  private let graph: Graph
  private let decisions: Decisions
  private let inputs: [Tensor]
  private let reference: PieceReference
  private let limit: Double
  private var moved: [[Tensor]]?
  /// What rounding does on this input.
  var noise: MeasuredNoise

  /// What is found of an output.
  enum Verdict {
    /// It is within its bound.
    case within(OutputBound)
    /// It is off by no more than rounding on the way moves it by.
    case noise(Double)
    /// It is off by more than it may be.
    case wrong(OutputBound)
  }

  init(
    _ graph: Graph, _ decisions: Decisions, _ inputs: [Tensor], _ reference: PieceReference, limit: Double
  ) {
    self.graph = graph
    self.decisions = decisions
    self.inputs = inputs
    self.reference = reference
    self.limit = limit
    noise = MeasuredNoise(graph, decisions, inputs)
  }

  /// Judges what a program made of an output; what takes more evaluations is asked only if it matters.
  mutating func verdict(on i: Int, _ found: Tensor) throws(Failure) -> Verdict {
    let (value, expected) = (graph.outputs[i].value, reference.outputs[i])
    let bound = try self.bound(of: i, reference)
    if bound.allows(found, expected) { return .within(bound) }
    let gap = TensorGap(expected: expected, found: found)
    if try noise.explains(gap, at: value) { return .noise(try noise.measure().distance(of: value)) }
    if case .decision = bound {
      // What is decided on may cancel, and be off by more than its share.
      let wider = try PieceReference(graph, decisions, inputs, share: limit, noise: try noise.measure())
      let again = try self.bound(of: i, wider)
      if again.allows(found, expected) { return .within(again) }
    }
    return .wrong(bound)
  }

  private mutating func bound(of i: Int, _ reference: PieceReference) throws(Failure) -> OutputBound {
    let (graph, decisions, inputs, limit) = (graph, decisions, inputs, limit)
    var moved = moved
    defer { self.moved = moved }
    return try OutputBound(
      of: graph.outputs[i].value, reference.outputs[i], in: graph, decisions, reference, limit: limit
    ) { () throws(Failure) in
      if moved == nil { moved = try PieceReference.moved(graph, decisions, inputs, share: limit) }
      return (moved ?? []).map { $0[i] }
    }
  }
}

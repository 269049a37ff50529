// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Rewriting
import Tensors

/// The first tensor, in the order of a graph, that two runs disagree on.
enum FirstDifference {
  /// Sentences that name the first differing tensor which both graphs know by the same name, and what
  /// to do if it is a step of a quantize; none if no tensor is found.
  static func notes(
    _ reference: Graph, _ other: Graph, _ inputs: [Tensor], by runner: any ModelRunner, limit: Double
  ) throws(Failure) -> [String] {
    var expected: [String: Tensor] = [:]
    _ = try Evaluator(reference).run(inputs) { (value, tensor) throws(Failure) in
      let name = reference.name(of: value)
      if !name.isEmpty { expected[name] = tensor }
    }
    // All named tensors of the other graph become its outputs, so that compiled code shows them too.
    var probe = other
    let known = other.opIDs.flatMap { other.results(of: $0) }.filter { value in
      expected[other.name(of: value)]?.type == other.type(of: value)
    }
    probe.rewrite { rw in
      for value in known { rw.addOutput(name: other.name(of: value), value: value) }
    }
    let found = try runner.prepare(probe)(inputs).dropFirst(other.outputs.count)
    for (value, tensor) in zip(known, found) {
      guard let wanted = expected[other.name(of: value)] else { continue }
      let gap = TensorGap(expected: wanted, found: tensor)
      guard gap.relative > limit else { continue }
      let layers = other.producer(of: value).map { other.location(of: $0).layers } ?? []
      let by = layers.isEmpty ? "" : ", made by layer " + layers.map { "'\($0)'" }.joined(separator: ", ")
      let first = "the first tensor that differs is '\(other.name(of: value))' \(gap.text)\(by)"
      return [first] + stepNotes(value, gap, in: other)
    }
    return []
  }

  /// What there is to say of a difference of one step between results of a quantize.
  private static func stepNotes(_ value: ValueID, _ gap: TensorGap, in graph: Graph) -> [String] {
    guard let op = graph.producer(of: value) else { return [] }
    var (quantize, step) = (op, 1.0)
    if graph.definition(of: op) is Dequantize {
      let operands = graph.operands(of: op)
      guard let integers = operands[0].flatMap({ graph.producer(of: $0) }),
        let scale = operands[1].flatMap({ graph.tensor($0) })
      else { return [] }
      quantize = integers
      // A factor for the rounding of products.
      step = scale.doubles().reduce(0) { max($0, abs($1)) } * 1.0001
    }
    guard graph.definition(of: quantize) is Quantize, gap.absolute <= step else { return [] }
    return [
      "that is one step of the \(OpText.op(quantize, in: graph)): floats in front of it that are summed in "
        + "another order may differ in their last bits, and close to the middle of two integers that decides",
      "sums of integers are the same in any order: 'fettle opt' with -p 'canonicalize, lower-quantized, "
        + "canonicalize' makes a graph of them, to be verified in place of this one",
    ]
  }
}

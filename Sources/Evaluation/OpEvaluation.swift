// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

extension Graph {
  /// The results of one op for operands by slot.
  ///
  /// - Throws: `Failure` that names the op if it has no evaluator, a result is larger than the limit, or the op
  ///   has no meaning for these values.
  func evaluate(
    _ op: OpID, _ operands: [Tensor?], byteLimit: Int
  ) throws(Failure) -> [Tensor] {
    let definition = definition(of: op)
    guard let evaluable = definition as? any Evaluable else {
      throw Failure(
        "the op has no evaluator", at: Origin(subject: subject(of: op)), kind: .unsupported)
    }
    let types = results(of: op).map { type(of: $0) }
    for type in types where type.byteCount > byteLimit {
      throw Failure(
        "the result \(type) is larger than \(byteLimit) bytes",
        at: Origin(subject: subject(of: op)))
    }
    let results: [Tensor]
    do throws(Failure) {
      for type in types { try Platform.requireMemory(type.byteCount, for: "the result \(type)") }
      results = try evaluable.evaluate(slots: operands, resultTypes: types)
    } catch {
      throw error.located(subject: subject(of: op))
    }
    guard results.map(\.type) == types else {
      throw Failure(
        "the evaluator made \(results.map(\.type)), expected \(types)",
        at: Origin(subject: subject(of: op)))
    }
    return results
  }

  /// How diagnostics call an op: by its layers, or by its result if nobody named it.
  func subject(of op: OpID) -> String {
    let layers = location(of: op).layers.joined(separator: "+")
    let result = results(of: op).first.map { name(of: $0) } ?? ""
    let label = layers.isEmpty ? result : layers
    let kind = Swift.type(of: definition(of: op)).name
    return label.isEmpty ? "op (\(kind))" : "op '\(label)' (\(kind))"
  }
}

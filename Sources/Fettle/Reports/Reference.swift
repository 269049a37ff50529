// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Lowering
import ONNX
import Rewriting
import Targets

/// The reference pages, made from what the toolkit holds.
enum Reference {
  /// The topics of `fettle describe`, one page each.
  static let topics: [(name: String, document: @Sendable (Toolkit) -> ReferenceDocument)] = [
    ("ops", { ops($0) }), ("passes", { passes($0) }), ("targets", { targets($0) }),
    ("lowerings", { lowerings($0) }), ("onnx", { _ in onnx() }),
    ("commands", { _ in commands() }),
    ("rules", { _ in rules() }), ("c-api", { emittedC($0) }),
  ]

  static func ops(_ toolkit: Toolkit) -> ReferenceDocument {
    ReferenceDocument(
      title: "Ops",
      introduction: "The ops of the graph: operands in order (optional ones in brackets), then attributes.",
      entries: toolkit.ops.kinds.map { entry(op: $0) })
  }

  static func entry<Op: OpDefinition>(op kind: Op.Type) -> ReferenceDocument.Entry {
    let operands = Op.Operand.allCases.map { operand in
      if Op.variadicOperand == operand { return "\(operand)…" }
      return Op.optionalOperands.contains(operand) ? "[\(operand)]" : "\(operand)"
    }
    let defaults = Op()
    return ReferenceDocument.Entry(
      name: Op.name, summary: "\(operands.joined(separator: ", ")): \(Op.summary)",
      parts: Op.fields.map {
        ($0.name, "\($0.form), default \($0.text(defaults))", $0.summary)
      })
  }

  static func passes(_ toolkit: Toolkit) -> ReferenceDocument {
    ReferenceDocument(
      title: "Passes",
      introduction:
        "The passes of `fettle opt -p`, with what they do to the numbers and their options; last the names that stand for several.",
      entries: toolkit.passes.map { entry(pass: $0) } + toolkit.pipelines.map { entry(pipeline: $0) })
  }

  static func entry(pipeline: NamedPipeline) -> ReferenceDocument.Entry {
    ReferenceDocument.Entry(
      name: pipeline.name, summary: "\(pipeline.summary): `\(pipeline.text)`")
  }

  static func entry<P: Pass>(pass kind: P.Type) -> ReferenceDocument.Entry {
    let defaults = P()
    return ReferenceDocument.Entry(
      name: P.name, summary: "\(P.summary) (\(P.effect.rawValue))",
      parts: P.options.map {
        ($0.name, "\($0.form), default \($0.text(defaults))", $0.summary)
      })
  }

  static func targets(_ toolkit: Toolkit) -> ReferenceDocument {
    ReferenceDocument(
      title: "Targets",
      introduction: """
        The devices of `--target`. A device of your own is a JSON file: a `base` and the fields that differ, as in
        `{"base": "m4", "name": "board", "ram-bytes": 65536}`.
        """,
      entries: toolkit.targets.map { target in
        ReferenceDocument.Entry(
          name: target.name, summary: target.summary,
          parts: Target.fields.map { ($0.name, $0.text(target), $0.summary) })
      })
  }

  static func lowerings(_ toolkit: Toolkit) -> ReferenceDocument {
    var seen: Set<String> = []
    let first = toolkit.lowerings.lowerings.filter { seen.insert($0.name).inserted }
    return ReferenceDocument(
      title: "Lowerings",
      introduction: "How ops are computed; the first that supports an op on the target is taken.",
      entries: first.map { ReferenceDocument.Entry(name: $0.name, summary: $0.summary) })
  }

  static func onnx() -> ReferenceDocument {
    ReferenceDocument(
      title: "ONNX operators",
      introduction:
        "The operators that are read, opsets \(ONNXImporter.oldestOpset) to \(ONNXImporter.newestOpset).",
      entries: ImporterTable.standard.importers.map { one in
        let name = one.domain.isEmpty ? one.name : "\(one.domain).\(one.name)"
        let opsets = "opsets \(one.opsets.lowerBound) to \(one.opsets.upperBound)"
        return ReferenceDocument.Entry(
          name: name, summary: one.coverage.isEmpty ? opsets : "\(opsets); \(one.coverage)")
      })
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Lowering
import ONNX
import Passes
import Rewriting
import Targets

/// All that is known of one op, pass, target, lowering or ONNX operator.
struct ReferencePage {
  /// `op`, `pass`…
  let kind: String
  let entry: ReferenceDocument.Entry
  /// How it is written.
  var form = ""
  /// What else there is to say, by title.
  var facts: [(title: String, lines: [String])] = []
  /// What the parts of the entry are.
  var partsTitle = ""

  /// The pages of that name: an op and its lowering may have the same.
  static func named(_ name: String, _ toolkit: Toolkit) -> [ReferencePage] {
    toolkit.ops.kinds.filter { $0.name == name }.map { page(op: $0, toolkit) }
      + toolkit.passes.filter { $0.name == name }.map { page(pass: $0) }
      + toolkit.pipelines.filter { $0.name == name }.map { pipeline in
        ReferencePage(
          kind: "pipeline", entry: Reference.entry(pipeline: pipeline),
          form: "fettle opt model.onnx -p \(name) --data samples.npz -o model.fettle")
      }
      + entries(Reference.targets(toolkit), name, "target", "fields")
      + lowerings(name, toolkit)
      + entries(Reference.onnx(), name, "ONNX operator", "")
      + entries(Reference.commands(), name, "command", "options")
      + entries(Reference.emittedC(toolkit), name, "emitted C", "")
  }

  /// All names that have a page, and the topics.
  static func names(_ toolkit: Toolkit) -> [String] {
    var seen: Set<String> = []
    let documents = Reference.topics.map { $0.document(toolkit).entries.map(\.name) }
    return (Reference.topics.map(\.name) + documents.flatMap { $0 }).filter { seen.insert($0).inserted }
  }

  private static func entries(
    _ document: ReferenceDocument, _ name: String, _ kind: String, _ parts: String
  ) -> [ReferencePage] {
    document.entries.filter { $0.name == name }.map {
      ReferencePage(kind: kind, entry: $0, partsTitle: parts)
    }
  }

  private static func lowerings(_ name: String, _ toolkit: Toolkit) -> [ReferencePage] {
    let found = toolkit.lowerings.lowerings.filter { $0.name == name }
    guard let first = found.first else { return [] }
    let entry = ReferenceDocument.Entry(name: name, summary: first.summary)
    return [
      ReferencePage(
        kind: "lowering", entry: entry, facts: [("computes", [found.map { computed(by: $0) }.joined(separator: ", ")])])
    ]
  }

  private static func computed<One: OpLowering>(by lowering: One) -> String { One.Op.name }

  private static func page<Op: OpDefinition>(op kind: Op.Type, _ toolkit: Toolkit) -> ReferencePage {
    let operands = Op.Operand.allCases.map { operand in
      if Op.variadicOperand == operand { return "%\(operand)…" }
      return Op.optionalOperands.contains(operand) ? "[%\(operand)]" : "%\(operand)"
    }
    let defaults = Op()
    let attributes = Op.fields.map { "\($0.name)=\($0.text(defaults))" }
    let lowerings = toolkit.lowerings.lowerings.filter { computed(by: $0) == Op.name }
    return ReferencePage(
      kind: "op", entry: Reference.entry(op: kind),
      form: "%y = \(Op.name) \(operands.joined(separator: ", "))"
        + (attributes.isEmpty ? "" : " {\(attributes.joined(separator: ", "))}") + " : TYPE",
      facts: [
        ("computed by", lowerings.map { "\($0.name): \($0.summary)" }),
        ("samples", OpSet.standard[Op.name] == nil ? [] : ["ir-samples/ops/\(Op.name).fettle"]),
      ], partsTitle: "attributes")
  }

  private static func page<P: Pass>(pass kind: P.Type) -> ReferencePage {
    var facts: [(String, [String])] = [("effect on the numbers", [P.effect.rawValue])]
    let requires = P().requires.map(\.rawValue)
    if !requires.isEmpty { facts.append(("requires", [requires.joined(separator: ", ")])) }
    if !P.removes.isEmpty {
      facts.append(("removes", [P.removes.map(\.rawValue).joined(separator: ", ")]))
    }
    if standardPasses.contains(where: { $0.name == P.name }) {
      facts.append(("samples", ["ir-samples/passes/\(P.name).fettle"]))
    }
    return ReferencePage(
      kind: "pass", entry: Reference.entry(pass: kind),
      form: "fettle opt model.onnx -p \(CompletionTable.quoted(P().text)) -o model.fettle", facts: facts,
      partsTitle: "options")
  }

  /// The page for a terminal.
  var text: String {
    var out = TextWriter()
    out.line("\(entry.name) (\(kind))")
    out.line()
    out.line("  \(entry.summary)")
    if !form.isEmpty {
      out.line()
      out.line("  \(form)")
    }
    if !entry.parts.isEmpty {
      out.line()
      out.line(partsTitle)
      var table = Table(untitled: [.left, .left, .left])
      for part in entry.parts { table.row(["  " + part.name, part.form, part.summary]) }
      out.write(table.text)
    }
    if !entry.code.isEmpty {
      out.line()
      for line in entry.code.split(separator: "\n", omittingEmptySubsequences: false) {
        out.line(line.isEmpty ? "" : "  \(line)")
      }
    }
    for fact in facts where !fact.lines.isEmpty {
      out.line()
      out.line(fact.title)
      for line in fact.lines { out.line("  \(line)") }
    }
    out.line()
    return out.text
  }
}

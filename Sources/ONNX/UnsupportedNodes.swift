// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The nodes of a model that are not supported, gathered so that all are named at once.
struct UnsupportedNodes {
  private var diagnostics: [Diagnostic] = []
  private var operators: [String] = []

  /// Notes what is said of a node of an operator, with a way around it.
  /// - Parameter cut: whether the model can be cut in front of the node.
  mutating func note(_ diagnostic: Diagnostic, of node: NodeProto, opset: Int, cut: Bool) {
    var diagnostic = diagnostic
    diagnostic.message += " (opset \(opset))"
    if cut, let input = node.inputs.first(where: { !$0.isEmpty }) {
      diagnostic.notes.append("--outputs '\(input)' ends the model in front of it")
    }
    diagnostics.append(diagnostic)
    if !operators.contains(node.opType) { operators.append(node.opType) }
  }

  /// Notes a node whose operator is not known, with the nearest that is.
  mutating func noteUnknown(_ node: NodeProto, domain: String, opset: Int, cut: Bool) {
    let known = ImporterTable.standard.importers.filter { $0.domain == domain }.map(\.name)
    var notes = Spelling.nearest(to: node.opType, among: known)
      .map { ["the nearest operator that is supported is \($0)"] } ?? []
    if let advice = OperatorAdvice.advice(for: node.opType, domain: domain) { notes = [advice] }
    note(
      Diagnostic(
        "the operator is not supported", at: Origin(subject: node.subject), notes: notes),
      of: node, opset: opset, cut: cut)
  }

  /// Throws what was noted, if anything was.
  func throwIfAny() throws(Failure) {
    guard var last = diagnostics.last else { return }
    last.notes.append("unsupported: " + operators.joined(separator: ", "))
    throw Failure(diagnostics.dropLast() + [last], kind: .unsupported)
  }
}

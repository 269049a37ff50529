// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import LoopIR
public import Targets
import Tensors

/// What became of a layer, for `fettle emit --explain`.
public struct LoweringChoice: Sendable {
  /// The layers computed.
  public let layers: [String]
  /// The op, and the elementwise ops computed with it, by mnemonic.
  public let ops: [String]
  /// The lowering that was chosen.
  public let lowering: String
  /// What that lowering does, and when it is chosen.
  public let summary: String
}

/// A graph brought down to steps over placed buffers.
public struct Lowered: Sendable {
  public let program: Program
  /// One for each group of ops, in the order of the steps.
  public let choices: [LoweringChoice]
}

/// Brings graphs down to programs for a target.
public struct Lowerer: Sendable {
  /// The device.
  public let target: Target
  /// The lowerings to choose from.
  public let table: LoweringTable
  /// Keeps a graph whose program is not sound; gives lines that tell how to see the fault again.
  public var keepFault: (@Sendable (Graph, Target) -> [String])?

  /// A lowerer for a target.
  public init(
    target: Target, table: LoweringTable = .standard,
    keepFault: (@Sendable (Graph, Target) -> [String])? = nil
  ) {
    self.target = target
    self.table = table
    self.keepFault = keepFault
  }

  /// The program that computes the graph, verified.
  ///
  /// - Throws: a failure of kind `unsupported` that names each op that no lowering takes; an internal one if a lowering made a
  ///   program that is not sound.
  public func lower(_ graph: Graph, name: String) throws(Failure) -> Lowered {
    let fusion = FusionGroups(graph, table: table, target: target)
    guard fusion.unsupported.isEmpty else {
      throw Failure(
        fusion.unsupported.map { op in
          Diagnostic(
            "no lowering for '\(type(of: graph.definition(of: op)).name)' with these types",
            at: Origin(subject: subject(of: op, in: graph)))
        }, kind: .unsupported)
    }
    let assignment = LayoutAssignment(graph, groups: fusion.groups, target: target)
    var context = LoweringContext(graph: graph, target: target)
    context.wishedBorders = assignment.borders
    ViewAssignment(graph: graph, layouts: assignment.layouts)
      .enter(into: &context, groups: fusion.groups)

    var choices: [LoweringChoice] = []
    for group in fusion.groups {
      try refuseTooLarge(context, group, in: graph)
      context.begin(group)
      for result in graph.results(of: group.last) { context.fillHalo(of: result) }
      do {
        try group.lowering.lower(group.anchor, in: &context)
      } catch {
        throw Failure(
          error.description, at: Origin(subject: subject(of: group.anchor, in: graph)),
          kind: .unsupported)
      }
      try refuseTooLarge(context, group, in: graph)
      choices.append(choice(group, in: graph))
    }
    context.copyOutputs()
    let program = try context.finish(name: name)
    try refuseUnreachable(program)
    try verify(program, of: graph)
    return Lowered(program: program, choices: choices)
  }

  /// - Throws: an internal failure that names kernels, lowerings and layers, if the program is not sound.
  private func verify(_ program: Program, of graph: Graph) throws(Failure) {
    let findings = ProgramVerifier.verify(program)
    guard !findings.isEmpty else { return }
    let limit = 3
    var diagnostics = findings.prefix(limit).map { finding in
      var subject = "internal error"
      if let step = finding.step.map({ program.steps[$0] }) {
        if !step.lowering.isEmpty { subject += " in lowering '\(step.lowering)'" }
        let layers = step.layers.map { "'\($0)'" }.joined(separator: ", ")
        if !layers.isEmpty { subject += ", layer \(layers)" }
      }
      return Diagnostic(finding.message, at: Origin(subject: subject))
    }
    if findings.count > limit {
      diagnostics[limit - 1].notes.append("and \(findings.count - limit) more findings")
    }
    diagnostics[diagnostics.count - 1].notes.append("this is a fault of Fettle, not of the model; no C was made")
    diagnostics[diagnostics.count - 1].notes += keepFault?(graph, target) ?? []
    throw Failure(Array(diagnostics))
  }

  private func refuseTooLarge(
    _ context: LoweringContext, _ group: FusionGroup, in graph: Graph
  ) throws(Failure) {
    guard let layout = context.tooLarge else { return }
    throw Failure(
      "a buffer for \(layout.type) with its border is larger than can be addressed",
      at: Origin(subject: subject(of: group.anchor, in: graph)))
  }

  /// - Throws: if memory is larger than the distance between two pointers of the target.
  private func refuseUnreachable(_ program: Program) throws(Failure) {
    let reach = target.pointerBits < 64 ? 1 << (target.pointerBits - 1) - 1 : Int.max
    let constants = Checked.sum(program.constants.values.map(\.count)).value ?? .max
    let pieces = program.ports.map { ("port '\($0.name)'", $0.type.byteCount) }
      + [("the arena", program.arenaBytes), ("the weights", constants)]
    guard let (what, bytes) = pieces.first(where: { $0.1 > reach }) else { return }
    let largest = program.buffers.max { $0.layout.byteCount < $1.layout.byteCount }
    let note = largest.map { "the largest buffer is '\($0.name)', \(NumberText.grouped($0.layout.byteCount)) B" }
    throw Failure(
      "\(what) takes \(NumberText.grouped(bytes)) B; pointers of \(target.pointerBits) bits, as on \(target.name), "
        + "reach \(NumberText.grouped(reach)) B", notes: note.map { [$0] } ?? [])
  }

  private func choice(_ group: FusionGroup, in graph: Graph) -> LoweringChoice {
    let ops = [group.anchor] + group.tail
    return LoweringChoice(
      layers: ops.reduce(Location()) { $0.joined(with: graph.location(of: $1)) }.layers,
      ops: ops.map { type(of: graph.definition(of: $0)).name },
      lowering: group.lowering.name, summary: group.lowering.summary)
  }

  private func subject(of op: OpID, in graph: Graph) -> String {
    let kind = type(of: graph.definition(of: op)).name
    let layers = graph.location(of: op).layers.map { "'\($0)'" }.joined(separator: ", ")
    return layers.isEmpty ? "op '\(kind)'" : "layer \(layers) (\(kind))"
  }
}

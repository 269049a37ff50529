// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR

/// Passes in the order in which they run.
public struct Pipeline: Sendable {
  /// The passes.
  public var passes: [any Pass]

  /// A pipeline of passes.
  public init(_ passes: [any Pass] = []) { self.passes = passes }

  /// The pipeline that a text spells, as in `fold-batch-norm, prune-channels{criterion=l1
  /// keep=0.5}`: passes separated by commas, options by spaces or commas. An empty text is an empty
  /// pipeline.
  ///
  /// - Parameters:
  ///   - known: the passes that may be named.
  ///   - pipelines: the names that stand for several passes.
  ///   - file: what diagnostics name in front of line and column.
  public init(
    parsing text: String, known: [any Pass.Type], pipelines: [NamedPipeline] = [],
    file: String = "pipeline"
  ) throws(Failure) {
    var tokens = AttributeScanner(text, file: file)
    passes = []
    if tokens.isAtEnd { return }
    repeat {
      _ = tokens.peek()
      let place = tokens
      let word = try tokens.word()
      if let kind = known.first(where: { $0.name == word }) {
        passes.append(try kind.parse(&tokens))
      } else if let named = pipelines.first(where: { $0.name == word }) {
        passes += try named.parse(&tokens, known: known)
      } else {
        throw place.failure(
          "there is no pass '\(word)'",
          notes: Spelling.notes(
            for: word, among: known.map { $0.name } + pipelines.map(\.name)))
      }
    } while tokens.take(",")
    guard tokens.isAtEnd else {
      throw tokens.failure("expected ',' and another pass, or the end")
    }
  }

  /// The text of the pipeline with every option spelled out; parsing it gives the same pipeline.
  public var text: String { passes.map { $0.text }.joined(separator: ", ") }

  /// The strongest effect of a pass; `exact` without passes.
  public var effect: NumericEffect {
    let effects = passes.map { type(of: $0).effect }
    return effects.contains(.lossy)
      ? .lossy : effects.contains(.reassociates) ? .reassociates : .exact
  }

  /// The names of the passes that may change what a model computes, each once.
  public var lossyPasses: [String] {
    var names: [String] = []
    for pass in passes where type(of: pass).effect == .lossy && !names.contains(type(of: pass).name) {
      names.append(type(of: pass).name)
    }
    return names
  }

  /// Checks that what each pass requires is there: in the graph and context now, and not removed by
  /// a pass in front.
  ///
  /// - Throws: all that is missing.
  public func check(on graph: Graph, _ context: PassContext) throws(Failure) {
    var found: [Diagnostic] = []
    for (position, pass) in passes.enumerated() {
      let name = type(of: pass).name
      do throws(Failure) {
        try pass.check(context)
      } catch {
        found += error.located(subject: "pass '\(name)'").diagnostics
      }
      for requirement in pass.requires {
        let origin = Origin(subject: "pass '\(name)'")
        let remover = passes[..<position].first { type(of: $0).removes.contains(requirement) }
        if let remover {
          let other = type(of: remover).name
          found.append(
            Diagnostic(
              "requires \(requirement.rawValue), which '\(other)' in front of it removes",
              at: origin,
              notes: [
                other == name
                  ? "a pipeline holds '\(name)' once" : "put '\(name)' in front of '\(other)'"
              ]))
        } else if let obstacle = requirement.obstacle(in: graph, context) {
          found.append(
            Diagnostic("requires \(requirement.rawValue), but \(obstacle)", at: origin))
        }
      }
    }
    if !found.isEmpty { throw Failure(found) }
  }

  /// Checks the requirements, then runs the passes and verifies the graph after each.
  ///
  /// - Throws: what is missing, what a pass throws, or what is wrong with a pass's result. The graph is that of the
  ///   last verified pass then.
  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    try check(on: graph, context)
    context.floatGraph = nil
    for (position, pass) in passes.enumerated() {
      try context.observer?.willRun(pass, at: position, on: graph)
      if context.floatGraph == nil, type(of: pass).removes.contains(.unquantizedLayers) {
        context.floatGraph = graph
      }
      let start = Platform.monotonicSeconds
      var changed = graph
      let told = context.notes.count
      do {
        try pass.run(on: &changed, &context)
      } catch {
        let failure = error.located(subject: "pass '\(type(of: pass).name)'")
        context.observer?.didFail(pass, at: position, on: graph, broken: changed, failure)
        throw failure
      }
      let ran = Platform.monotonicSeconds
      if let failure = Self.unsoundness(of: changed, after: pass) {
        context.observer?.didFail(pass, at: position, on: graph, broken: changed, failure)
        throw failure
      }
      let seconds = PassSeconds(run: ran - start, verify: Platform.monotonicSeconds - ran)
      graph = changed
      for note in context.notes.dropFirst(told) { context.observer?.noted(note) }
      try context.observer?.didRun(pass, at: position, on: graph, seconds: seconds)
    }
  }

  /// What is wrong with a graph that a pass has made, or nil.
  private static func unsoundness(of graph: Graph, after pass: any Pass) -> Failure? {
    let findings = graph.verify()
    guard !findings.isEmpty else { return nil }
    let head = Diagnostic(
      "the pass has made a graph that is not sound, which is a bug in it",
      at: Origin(subject: "pass '\(type(of: pass).name)'"))
    return Failure([head] + findings)
  }
}

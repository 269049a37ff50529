// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors
import Testing

/// Removes every rectifier.
private struct DropRelu: PatternPass {
  static let name = "drop-relu"
  static let summary = "removes rectifiers"
  static let effect = NumericEffect.lossy
  func rewrite(_ op: OpRef<Unary>, _ rw: inout Rewriter) throws(Declined) {
    try rw.require(op.function == .relu, "not a rectifier")
    rw.replaceAllUses(of: rw.graph.result(op), with: try rw.operand(op, .input))
  }
}

/// Has options, requires norms and removes them.
private struct Optioned: Pass {
  static let name = "optioned"
  static let summary = "does nothing"
  static let effect = NumericEffect.exact
  static let removes: [PassRequirement] = [.unfoldedNorms]
  static let options: [Field<Self>] = [
    Field("keep", \.keep, "a ratio"), Field("list", \.list, "a list"),
    Field("needs_norms", \.needsNorms, "whether norms are required"),
  ]
  var keep = 0.5
  var list: [Int] = []
  var needsNorms = false
  var requires: [PassRequirement] { needsNorms ? [.unfoldedNorms] : [] }
  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {}
}

/// Turns relu into tanh and back for ever.
private struct Swing: RewritePass {
  static let name = "swing"
  static let summary = "never ends"
  static let effect = NumericEffect.lossy
  var rewrites: [Rewrite] {
    [
      Rewrite("swing") { (op: OpRef<Unary>, rw) throws(Declined) in
        let other = Unary(op.function == .relu ? .tanh : .relu)
        try rw.substitute(op.id, by: other, [try rw.operand(op, .input)])
      }
    ]
  }
}

private final class Recorder: PassObserver {
  var lines: [String] = []
  func willRun(_ pass: any Pass, at position: Int, on graph: Graph) {
    lines.append("\(position) \(pass.text) on \(graph.opCount)")
  }
  let watchesRewrites = true
  func didRun(_ pass: any Pass, at position: Int, on graph: Graph, seconds: PassSeconds) {
    lines.append("\(position) done with \(graph.opCount), \(seconds.run >= 0)")
  }
  func tried(_ event: RewriteEvent) {
    lines.append("\(event.rewrite) on \(event.op) of \(event.location.layers): \(event.outcome)")
  }
}

private let known: [any Pass.Type] = [DropRelu.self, Optioned.self, Swing.self]

private func chain(_ functions: [UnaryFunction]) throws -> Graph {
  var graph = Graph(name: "chain")
  try graph.rewrite { rw in
    var value = rw.addInput(name: "x", type: TensorType(.f32, .scalar))
    for function in functions {
      let location = Location([function.rawValue])
      value = try rw.insert(Unary(function), [value], location: location)[0]
    }
    rw.addOutput(name: "y", value: value)
  }
  return graph
}

@Suite struct PipelineText {
  @Test(arguments: [
    ("", ""),
    ("drop-relu", "drop-relu"),
    (" drop-relu ,\n optioned ", "drop-relu, optioned{keep=0.5 list=[] needs_norms=false}"),
    (
      "optioned{keep=1 list=[1, 2],needs_norms=true}",
      "optioned{keep=1.0 list=[1,2] needs_norms=true}"
    ),
    ("optioned{}", "optioned{keep=0.5 list=[] needs_norms=false}"),
  ])
  func readsAndSpellsOut(_ text: String, _ canonical: String) throws {
    let pipeline = try Pipeline(parsing: text, known: known)
    #expect(pipeline.text == canonical)
    #expect(try Pipeline(parsing: canonical, known: known).text == canonical)
  }

  private static let names = [
    NamedPipeline("both", "two passes", passes: "drop-relu, optioned{keep=0.25}")
  ]

  @Test(arguments: [
    ("both", "drop-relu, optioned{keep=0.25 list=[] needs_norms=false}"),
    ("both{list=[3]}, drop-relu", "drop-relu, optioned{keep=0.25 list=[3] needs_norms=false}, drop-relu"),
    ("both{keep=1, list=[]}", "drop-relu, optioned{keep=1.0 list=[] needs_norms=false}"),
    ("both{}", "drop-relu, optioned{keep=0.25 list=[] needs_norms=false}"),
  ])
  func namesStandForPasses(_ text: String, _ canonical: String) throws {
    #expect(
      try Pipeline(parsing: text, known: known, pipelines: Self.names).text == canonical)
  }

  @Test(arguments: [
    ("both{kep=1}", "pipeline:1:6: error: no pass of 'both' has an option 'kep'", "'keep'"),
    ("both{keep=1 keep=2}", "pipeline:1:13: error: option 'keep' is given twice", ""),
    ("both{keep=x}", "pipeline:1:11: error:", "number"),
    ("bot", "pipeline:1:1: error: there is no pass 'bot'", "did you mean 'both'?"),
  ])
  func saysWhatIsWrongBehindNames(_ text: String, _ start: String, _ note: String) throws {
    let failure = try #require(throws: Failure.self) {
      try Pipeline(parsing: text, known: known, pipelines: Self.names)
    }
    #expect(failure.description.hasPrefix(start), "\(failure)")
    #expect(note.isEmpty || failure.description.contains(note), "\(failure)")
  }

  @Test(arguments: [
    ("drop-rely", "pipeline:1:1: error: there is no pass 'drop-rely'", "did you mean 'drop-relu'?"),
    (
      "drop-relu,\n  optioned{kep=1}", "pipeline:2:12: error: pass 'optioned' has no option 'kep'",
      "'keep'"
    ),
    ("optioned{keep=x}", "pipeline:1:15: error:", "number"),
    ("optioned{keep=1 keep=2}", "pipeline:1:17: error: option 'keep' is given twice", ""),
    ("drop-relu,", "pipeline:1:11: error: expected a word", ""),
    ("drop-relu optioned", "pipeline:1:11: error: expected ','", ""),
    ("optioned{keep=1", "pipeline:1:16: error:", ""),
    ("drop-relu{keep=1}", "pipeline:1:11: error: pass 'drop-relu' has no option 'keep'", ""),
  ])
  func saysWhatIsWrong(_ text: String, _ start: String, _ note: String) throws {
    let failure = try #require(throws: Failure.self) { try Pipeline(parsing: text, known: known) }
    #expect(failure.description.hasPrefix(start), "\(failure)")
    #expect(note.isEmpty || failure.description.contains(note), "\(failure)")
  }
}

@Suite struct PipelineRuns {
  @Test func appliesAndTells() throws {
    var graph = try chain([.relu, .tanh, .relu])
    let recorder = Recorder()
    var context = PassContext(observer: recorder)
    try Pipeline([DropRelu(), Optioned()]).run(on: &graph, &context)
    #expect(graph.opCount == 1)
    #expect(graph.verify().isEmpty)
    #expect(
      recorder.lines.prefix(3) == [
        "0 drop-relu on 3", "drop-relu on unary of [\"relu\"]: applied",
        "drop-relu on unary of [\"tanh\"]: declined(\"not a rectifier\")",
      ])
    #expect(
      recorder.lines.suffix(3) == [
        "0 done with 1, true", "1 optioned{keep=0.5 list=[] needs_norms=false} on 1",
        "1 done with 1, true",
      ])
  }

  @Test func checksRequirementsFirst() throws {
    var graph = try chain([.relu])
    var context = PassContext()
    var needy = Optioned()
    needy.needsNorms = true
    let missing = try #require(throws: Failure.self) {
      try Pipeline([DropRelu(), needy]).run(on: &graph, &context)
    }
    #expect(missing.description.contains("unfolded-norms, but the graph has no batch_norm"))
    #expect(graph.opCount == 1)
    let removed = try #require(throws: Failure.self) {
      try Pipeline([Optioned(), needy]).run(on: &graph, &context)
    }
    #expect(removed.description.contains("which 'optioned' in front of it removes"))
  }

  @Test func endlessRewritesEnd() throws {
    var graph = try chain([.relu])
    var context = PassContext()
    let failure = try #require(throws: Failure.self) {
      try Pipeline([Swing()]).run(on: &graph, &context)
    }
    #expect(failure.description.contains("did not come to an end"))
    #expect(graph.opCount == 1)
  }

  @Test func strongestEffect() {
    #expect(Pipeline().effect == .exact)
    #expect(Pipeline([Optioned(), DropRelu()]).effect == .lossy)
  }
}

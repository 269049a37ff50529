// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Passes
import Rewriting

/// The options by which commands are told the passes to run.
enum PipelineOptions {
  static let pipeline = CommandOption<String>(
    "-p", "--pipeline", text: "PASSES",
    help: "passes separated by commas, with options as in 'a, b{x=1 y=2}'; @FILE reads them from a file")

  static let rules = CommandOption<String>(
    "--rules", text: "FILE",
    help: "apply the rewrite rules of a file in front of the passes, as 'rules{file=FILE}' does; may be repeated")

  static let int8 = CommandOption<Bool>(
    "--int8", help: "the passes from floats to 8-bit integers: same as -p quantize-int8")
  static let int16 = CommandOption<Bool>(
    "--int16", help: "the same with activations of 16 bits: -p quantize-int16")

  static let keepQDQ = CommandOption<Bool>(
    "--keep-qdq",
    help: "leave a model that is quantized already with floats between dequantize and quantize")

  static let all = [pipeline.untyped, int8.untyped, int16.untyped, rules.untyped]

  /// The options of commands whose default is what `compile` does.
  static let compiled = all + [keepQDQ.untyped]

  /// The pipeline that the options spell, to the letter, or what a model needs on its way to C.
  static func compiledPipeline(
    of graph: Graph, _ arguments: Arguments, _ session: Session
  ) throws(Failure) -> Pipeline {
    let keepsFloats = arguments.has(keepQDQ)
    var others = [int8, int16].filter { arguments.has($0) }.map { $0.names[0] }
    if try arguments[pipeline] != nil { others.append("--pipeline") }
    if keepsFloats, let other = others.first {
      throw Failure(
        "--keep-qdq and \(other) both say which passes run",
        notes: ["--keep-qdq is about the passes that run if none are named"], kind: .usage)
    }
    return try pipeline(
      arguments, session, default: defaultPipeline(for: graph, keepsFloats: keepsFloats))
  }

  /// The pipeline that the options spell, or `fallback`, behind the rules of files.
  static func pipeline(
    _ arguments: Arguments, _ session: Session, default fallback: Pipeline = Pipeline()
  ) throws(Failure) -> Pipeline {
    var pipeline = fallback
    let asked = [int8, int16].filter { arguments.has($0) }.map { $0.names[0] }
    let text = try arguments[Self.pipeline]
    guard asked.count + (text == nil ? 0 : 1) <= 1 else {
      let others = asked.count == 2 ? asked : asked + ["--pipeline"]
      let names = asked.map { "quantize-" + $0.dropFirst(2) }
      let remedy =
        asked.count == 2
        ? "one of them is meant"
        : "among other passes \(asked[0]) is named '\(names[0])', with options behind it: "
          + "-p '\(names[0]){max-drop=1}'"
      throw Failure(
        "\(others.joined(separator: " and ")) both say which passes run", notes: [remedy],
        kind: .usage)
    }
    if let text { pipeline = try parse(text, session) }
    if let option = asked.first {
      pipeline = try parse("quantize-" + option.dropFirst(2), session)
    }
    let files = try arguments.all(rules).map { ApplyRules(file: $0) }
    pipeline.passes.insert(contentsOf: files, at: 0)
    return pipeline
  }

  /// The same, with whole paths of the files of rules: for commands whose pipelines run in another
  /// folder as well.
  static func anchoredPipeline(
    _ arguments: Arguments, _ session: Session
  ) throws(Failure) -> Pipeline {
    var pipeline = try pipeline(arguments, session)
    for (position, pass) in pipeline.passes.enumerated() {
      guard let rules = pass as? ApplyRules, let path = try? Platform.canonicalPath(rules.file)
      else { continue }
      pipeline.passes[position] = ApplyRules(file: path)
    }
    return pipeline
  }

  /// The pipeline that a text spells; `@FILE` stands for the text of a file, in which `//` begins a
  /// comment.
  static func parse(_ text: String, _ session: Session) throws(Failure) -> Pipeline {
    guard text.hasPrefix("@") else {
      return try Pipeline(
        parsing: text, known: session.toolkit.passes, pipelines: session.toolkit.pipelines)
    }
    let path = String(text.dropFirst())
    return try Pipeline(
      parsing: try Platform.readText(path), known: session.toolkit.passes,
      pipelines: session.toolkit.pipelines, file: path)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// `fettle eval`: accuracy on a data set.
struct EvalCommand: Command {
  static let name = "eval"
  static let summary =
    "measure a model on a data set: accuracy, confidence, and against the float model or another"
  static let usage = "MODEL --data FILE.npz [-p PIPELINE] [--against MODEL]"
  static let json = CommandOption<Bool>("--json", help: "the result as JSON")
  static let against = CommandOption<String>(
    "--against", text: "MODEL",
    help: "what the answers are compared with (default with passes: the model in front of them)")
  static let options =
    [against.untyped, json.untyped] + PipelineOptions.all + PassSamples.options
    + RunnerOptions.all + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    let path = try arguments.single("model")
    try OutputCheck.run(arguments)
    var model = try Model.load(path, arguments, session)
    let pipeline = try PipelineOptions.pipeline(arguments, session)
    let samples = try PassSamples(arguments, for: model.graph)
    guard let data = samples.other else {
      throw Failure("the data are missing: --data FILE.npz", kind: .usage)
    }
    // Before passes work for nothing.
    try data.checkLabels(for: model.graph)
    var reference: (name: String, graph: Graph, data: DataSet)?
    if let other = try arguments[Self.against] {
      let other = try Model.load(other, arguments, session)
      let samples = try DataSet.load(arguments, for: other.graph)
      reference = (other.name, other.graph, samples ?? data)
    } else if !pipeline.passes.isEmpty {
      reference = ("original", model.graph, data)
    }
    try PassRun.run(pipeline, on: &model.graph, samples, arguments, session)
    try samples.warn(pipeline, arguments, session)
    FloatEmulation.tell(of: model.graph, from: path, after: pipeline, arguments, session)
    let progress = session.progress()
    progress.begin("eval", total: data.samples.count)
    let measured = try AnswerMeasurement(
      of: [model.graph], on: data, against: reference.map { ($0.graph, $0.data) },
      by: try RunnerOptions.runner(arguments, session)
    ) { progress.advance(to: $0) }
    progress.end()
    let report = EvalReport(
      model: model.name, answers: measured.answers[0],
      reference: reference.map { $0.name }, expected: measured.reference)
    try session.output(arguments.has(Self.json) ? report.json.pretty + "\n" : report.text)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// `fettle eval`: accuracy on a data set.
struct EvalCommand: Command {
  static let name = "eval"
  static let summary = "measure a model on a data set"
  static let usage = "MODEL --data FILE.npz [-p PIPELINE]"
  static let json = CommandOption<Bool>("--json", help: "the result as JSON")
  static let options =
    [json.untyped] + PipelineOptions.all + DataOptions.all + RunnerOptions.all
    + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    let path = try arguments.single("model")
    var model = try Model.load(path, arguments, session)
    let pipeline = try PipelineOptions.pipeline(arguments, session)
    try PassRun.run(pipeline, on: &model.graph, session)
    guard let data = try DataSet.load(arguments, for: model.graph) else {
      throw Failure("the data are missing: --data FILE.npz", kind: .usage)
    }
    let accuracy = try Accuracy.measure(
      model.graph, data, by: try RunnerOptions.runner(arguments, session), session.progress(),
      title: "eval")
    guard arguments.has(Self.json) else {
      return try session.output("\(model.name): \(accuracy.text)\n")
    }
    var members: [JSONValue.Member] = [
      JSONValue.Member("model", .string(model.name)),
      JSONValue.Member("metric", .string(accuracy.metric.rawValue)),
      JSONValue.Member("samples", .integer(accuracy.count)),
    ]
    if let correct = accuracy.correct { members.append(.init("correct", .integer(correct))) }
    if let value = accuracy.value { members.append(.init("value", .number(value))) }
    try session.output(JSONValue.object(members).pretty + "\n")
  }
}

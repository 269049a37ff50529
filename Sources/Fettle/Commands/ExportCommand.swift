// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import ONNX

/// `fettle export`: a graph to ONNX.
struct ExportCommand: Command {
  static let name = "export"
  static let summary = "turn a graph into an ONNX model"
  static let usage = "MODEL [-p PIPELINE] -o MODEL.onnx"
  static let options =
    [outputOption.untyped] + PipelineOptions.all + PassSamples.options + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    guard let path = try arguments[outputOption] else {
      throw Failure("where the model goes is missing: -o MODEL.onnx", kind: .usage)
    }
    try OutputCheck.run(arguments, file: path)
    var model = try Model.load(try arguments.single("model"), arguments, session)
    let pipeline = try PipelineOptions.pipeline(arguments, session)
    try PassRun.run(
      pipeline, on: &model.graph, try PassSamples(arguments, for: model.graph), arguments, session)
    var files = OutputSet()
    files.add(path, parts: try ONNXExporter.model(from: model.graph).chunks())
    try files.commit()
  }
}

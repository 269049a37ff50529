// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting

/// `fettle import`: ONNX to the text form.
struct ImportCommand: Command {
  static let name = "import"
  static let summary = "turn an ONNX model into a graph in text form"
  static let usage = "MODEL.onnx [-o GRAPH.fettle]"
  static let options = [outputOption.untyped] + DrawingOptions.all + ModelOptions.all

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    let path = try arguments.single("model")
    let output = try arguments[outputOption]
    try OutputCheck.run(arguments, file: output)
    let model = try Model.load(path, arguments, session)
    let banner = Banner(model: model.path, digest: model.digest, pipeline: Pipeline())
    try GraphOutput.write(
      model.graph, to: output, banner: banner.lines(after: 0), session)
    try DrawingOptions.draw(model.graph, arguments, session)
  }
}

/// Where commands write graphs.
enum GraphOutput {
  /// Writes a graph to a file with its large constants beside it, or as text to the standard output,
  /// under a banner.
  static func write(
    _ graph: Graph, to path: String?, banner: [String], _ session: Session
  ) throws(Failure) {
    if let path, path != "-" {
      try GraphFile.write(graph, to: path, banner: banner)
    } else {
      var options = GraphTextOptions()
      options.banner = banner
      try session.output(graph.text(options).text)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR

/// The options by which commands draw the graph that they end with.
enum DrawingOptions {
  static let svg = CommandOption<String>(
    "--svg", text: "FILE.svg", help: "draw the graph: layers, shapes, bytes")
  static let dot = CommandOption<String>(
    "--dot", text: "FILE.dot", help: "the same for Graphviz")
  static let all = [svg.untyped, dot.untyped]

  /// Writes the pictures asked for; `-` is the standard output.
  static func draw(_ graph: Graph, _ arguments: Arguments, _ session: Session) throws(Failure) {
    if let path = try arguments[svg] { try session.write(GraphPicture(graph).svg, to: path) }
    if let path = try arguments[dot] { try session.write(GraphPicture(graph).dot, to: path) }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Lowering
import ONNX
import Rewriting
import Targets

/// `fettle describe`: what Fettle knows.
struct DescribeCommand: Command {
  static let name = "describe"
  static let summary = "tell the ops, passes, targets, lowerings and ONNX operators"
  static let usage = "[ops|passes|targets|lowerings|onnx] [--markdown]"
  static let markdown = CommandOption<Bool>("--markdown", help: "as pages for the documentation")
  static let onnx = CommandOption<Bool>("--onnx", help: "the ONNX operators that are read: same as 'onnx'")
  static let options = [markdown.untyped, onnx.untyped]

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    let topics: [(name: String, document: () -> ReferenceDocument)] = [
      ("ops", { Reference.ops(session.toolkit) }), ("passes", { Reference.passes(session.toolkit) }),
      ("targets", { Reference.targets(session.toolkit) }),
      ("lowerings", { Reference.lowerings(session.toolkit) }), ("onnx", { Reference.onnx() }),
    ]
    var words = arguments.positional
    if arguments.has(Self.onnx) { words.append("onnx") }
    if words.isEmpty { words = topics.map(\.name) }
    for word in words {
      guard let topic = topics.first(where: { $0.name == word }) else {
        throw Failure(
          "nothing is known of '\(word)'",
          notes: Spelling.notes(for: word, among: topics.map(\.name)), kind: .usage)
      }
      let document = topic.document()
      try session.output(arguments.has(Self.markdown) ? document.markdown : document.text)
    }
  }
}

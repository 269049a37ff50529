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
  static let summary =
    "tell the ops, passes, targets, lowerings, ONNX operators, commands and the language of rules, or one of them"
  static let usage = "[ops|passes|targets|lowerings|onnx|commands|rules|grammar|NAME ...] [--markdown]"
  static let markdown = CommandOption<Bool>("--markdown", help: "as pages for the documentation")
  static let onnx = CommandOption<Bool>("--onnx", help: "the ONNX operators that are read: same as 'onnx'")
  static let options = [markdown.untyped, onnx.untyped] + Plugin.options

  func run(_ arguments: Arguments, _ session: Session) throws(Failure) {
    var words = arguments.positional
    if arguments.has(Self.onnx) { words.append("onnx") }
    if words.isEmpty { words = Reference.topics.map(\.name) }
    let isMarkdown = arguments.has(Self.markdown)
    for word in words {
      if let topic = Reference.topics.first(where: { $0.name == word }) {
        let document = topic.document(session.toolkit)
        try session.output(isMarkdown ? document.markdown : document.text)
        // A topic may have the name of a pass as well.
        let hasPage = !ReferencePage.named(word, session.toolkit).isEmpty
        if hasPage, !isMarkdown { try page(of: word, isMarkdown, session) }
      } else if word == "grammar" {
        try session.output(TextMateGrammar.text(session.toolkit))
      } else {
        try page(of: word, isMarkdown, session)
      }
    }
  }

  private func page(
    of name: String, _ isMarkdown: Bool, _ session: Session
  ) throws(Failure) {
    let pages = ReferencePage.named(name, session.toolkit)
    guard !pages.isEmpty else {
      let names = ReferencePage.names(session.toolkit)
      let near = Spelling.nearest(to: name, among: names).map { ["did you mean '\($0)'?"] } ?? []
      let topics = Reference.topics.map(\.name) + ["grammar"]
      throw Failure(
        "nothing is known of '\(name)'", notes: near + ["topics: \(topics.joined(separator: ", "))"],
        kind: .usage)
    }
    for page in pages {
      let document = ReferenceDocument(
        title: "`\(name)`, \(page.kind)", introduction: page.form.isEmpty ? "" : "    \(page.form)",
        entries: [page.entry])
      try session.output(isMarkdown ? document.markdown : page.text)
    }
  }
}

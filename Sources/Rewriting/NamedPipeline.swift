// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// Passes that have a name together, which may stand wherever passes are named. Options behind it
/// go to every pass of it that has them: `quantize-int8{calibrator=mse}`.
public struct NamedPipeline: Sendable {
  /// Lower-case words joined by `-`, unlike the name of any pass.
  public let name: String
  /// One line of documentation.
  public let summary: String
  /// The passes, as a pipeline's text.
  public let text: String

  /// A name for passes.
  public init(_ name: String, _ summary: String, passes text: String) {
    self.name = name
    self.summary = summary
    self.text = text
  }

  /// The passes with the options in braces that follow in the text, if any do.
  func parse(
    _ tokens: inout AttributeScanner, known: [any Pass.Type]
  ) throws(Failure) -> [any Pass] {
    var passes = try Pipeline(parsing: text, known: known, file: "pipeline '\(name)'").passes
    guard tokens.take("{") else { return passes }
    var seen: Set<String> = []
    while !tokens.take("}") {
      _ = tokens.peek()
      let place = tokens
      let word = try tokens.word()
      guard seen.insert(word).inserted else {
        throw place.failure("option '\(word)' is given twice")
      }
      try tokens.expect("=")
      var end: AttributeScanner?
      for i in passes.indices {
        var value = tokens
        if try passes[i].set(word, &value) { end = value }
      }
      guard let end else {
        let names = passes.flatMap { $0.optionNames }
        throw place.failure(
          "no pass of '\(name)' has an option '\(word)'",
          notes: Spelling.nearest(to: word, among: names).map { ["did you mean '\($0)'?"] } ?? [])
      }
      tokens = end
      _ = tokens.take(",")
    }
    return passes
  }
}

extension Pass {
  fileprivate var optionNames: [String] { Self.options.map(\.name) }

  /// Reads the value of an option; false if the pass has none of that name.
  fileprivate mutating func set(
    _ option: String, _ tokens: inout AttributeScanner
  ) throws(Failure) -> Bool {
    guard let field = Self.options.first(where: { $0.name == option }) else { return false }
    try field.parse(&self, &tokens)
    return true
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR

/// A change of a whole graph. A pass is a struct whose stored properties are its options:
///
///     struct DropBiases: Pass {
///       static let name = "drop-biases"
///       static let summary = "biases smaller than a limit become 0"
///       static let effect = NumericEffect.lossy
///       static let options: [Field<Self>] = [Field("limit", \.limit, "the largest bias dropped")]
///       var limit = 0.001
///       func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) { … }
///     }
public protocol Pass: Sendable {
  /// The name in a pipeline's text: lower-case words joined by `-`.
  static var name: String { get }
  /// One line of documentation.
  static var summary: String { get }
  /// How far the outputs may move.
  static var effect: NumericEffect { get }
  /// What a later pass cannot require any more.
  static var removes: [PassRequirement] { get }
  /// The options.
  static var options: [Field<Self>] { get }
  /// What the pass needs to find; may depend on the options.
  var requires: [PassRequirement] { get }
  /// The pass with all options at their defaults.
  init()
  /// Looks at the options and at what they name before any pass of the pipeline runs.
  ///
  /// - Throws: what is wrong with them.
  func check(_ context: PassContext) throws(Failure)
  /// Changes the graph.
  ///
  /// - Throws: what the user can mend; the graph is not used any further then.
  func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure)
}

extension Pass {
  public static var removes: [PassRequirement] { [] }
  public static var options: [Field<Self>] { [] }
  public var requires: [PassRequirement] { [] }
  public func check(_ context: PassContext) throws(Failure) {}

  /// The pass as text with every option spelled out: `prune-channels{criterion=l1 keep=0.5}`.
  public var text: String {
    if Self.options.isEmpty { return Self.name }
    let options = Self.options.map { "\($0.name)=\($0.text(self))" }
    return "\(Self.name){\(options.joined(separator: " "))}"
  }

  /// The pass with the options in braces that follow in the text, if any do.
  static func parse(_ tokens: inout AttributeScanner) throws(Failure) -> Self {
    var pass = Self()
    guard tokens.take("{") else { return pass }
    var seen: Set<String> = []
    while !tokens.take("}") {
      _ = tokens.peek()
      let place = tokens
      let word = try tokens.word()
      guard let field = options.first(where: { $0.name == word }) else {
        throw place.failure(
          "pass '\(name)' has no option '\(word)'",
          notes: Spelling.notes(for: word, among: options.map(\.name)))
      }
      guard seen.insert(word).inserted else {
        throw place.failure("option '\(word)' is given twice")
      }
      try tokens.expect("=")
      try field.parse(&pass, &tokens)
      _ = tokens.take(",")
    }
    return pass
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting
import Rules

/// Applies the rules of a file until none applies any more: rewrites without code (docs/rules.md).
public struct ApplyRules: Pass {
  public static let name = "rules"
  public static let summary = "applies the rewrite rules of a file; what the numbers do is the rules' matter"
  public static let effect = NumericEffect.lossy
  public static let options: [Field<Self>] = [Field("file", \.file, "the file of rules")]
  /// The path of the file.
  public var file = ""

  public init() {}

  /// The pass for a file.
  public init(file: String) { self.file = file }

  public func check(_ context: PassContext) throws(Failure) { _ = try load(context) }

  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    let rewrites = try load(context).rewrites
    try GreedyDriver(pass: Self.name, rewrites).run(on: &graph, context.observer)
  }

  private func load(_ context: PassContext) throws(Failure) -> RuleSet {
    guard !file.isEmpty else {
      throw Failure("the file is missing", notes: ["give it as in rules{file=\"my.rules\"}"])
    }
    return try RuleSet(parsing: try Platform.readText(file), file: file, ops: context.ops)
  }
}

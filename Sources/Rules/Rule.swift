// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
import GraphIR
public import Rewriting
import Tensors

/// A rewrite as a text tells it: a pattern of ops, conditions, and what takes the place of the pattern's root.
///
///     /// Two transposes in a row are one.
///     rule merge-transposes {
///       %t = transpose %x {permutation=$p}
///       %y = transpose %t {permutation=$q}
///     } => {
///       %y = transpose %x {permutation=compose($p, $q)}
///     }
public struct Rule: Sendable {
  /// What a trace calls it.
  public let name: String
  /// The lines behind `///` above the rule, joined by spaces.
  public let documentation: String
  /// Where its name stands.
  public let origin: Origin
  let pattern: RulePattern
  let steps: [Step]
  let replacement: RuleReplacement
  /// The number of attribute holes, those of conditions included.
  let attributeCount: Int

  /// A line of `where`.
  enum Step: Sendable {
    /// Binds an attribute hole.
    case bind(slot: Int, RuleExpression)
    case require(RuleExpression, reason: String)
  }

  /// The mnemonic of the op that is replaced.
  public var op: String { pattern.ops[pattern.root].template.kind.name }

  /// The rule for a driver. Its trace, reasons and counts are those of rewrites in Swift.
  public var rewrite: Rewrite {
    let template = pattern.ops[pattern.root].template
    return Rewrite(
      name, kind: template.kind, variants: template.variants.map { Set($0) }, origin: origin
    ) { (op, rw) throws(Declined) in try apply(to: op, &rw) }
  }

  private func apply(to op: OpID, _ rw: inout Rewriter) throws(Declined) {
    if let obstacle = pattern.obstacle(at: op, in: rw.graph) { throw Declined(obstacle) }
    let plan = try plan(for: op, in: rw.graph)
    try replacement.apply(plan, root: op, pattern, &rw)
  }

  private func plan(for op: OpID, in graph: Graph) throws(Declined) -> RulePlan {
    var matcher = RuleMatcher(pattern)
    return try matcher.plan(op, in: graph, attributeCount: attributeCount) { (match) throws(Declined) in
      var match = match
      for step in steps {
        switch step {
        case .bind(let slot, let expression):
          match.attributes[slot] = try expression.evaluate(match, graph)
        case .require(let condition, let reason):
          guard try condition.isTrue(match, graph) else { throw Declined(reason) }
        }
      }
      return try replacement.plan(match, root: op, pattern, graph)
    }
  }
}

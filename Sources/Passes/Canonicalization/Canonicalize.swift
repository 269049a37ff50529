// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Rewriting
public import Rules

/// Brings a graph to the plain form that other passes and lowerings expect: constants computed,
/// equal ops merged, dead and idle ops gone, transposes and reshapes moved until they cancel,
/// paddings and biases inside of convolutions, pools and matrix products.
public struct Canonicalize: RewritePass {
  public static let name = "canonicalize"
  public static let summary =
    "folds constants, merges equal ops, cancels transposes, absorbs paddings and biases"
  public static let effect = NumericEffect.reassociates

  public init() {}

  public var rewrites: [Rewrite] { Self.early + [TransposeForms.unitAsReshape] }

  /// The rewrites that keep transposes apart from reshapes, so that inverse transposes meet.
  private static let early =
    [ConstantRewrites.fold] + canonicalRules.rewrites + ConcatRewrites.all + TransposeForms.all
    + TransposeSinking.all + PadRewrites.all + MatrixMultiplyRewrites.all + BiasRewrites.all
    + WeightZeroRewrites.all

  public func run(on graph: inout Graph, _ context: inout PassContext) throws(Failure) {
    CommonSubexpressions.merge(in: &graph, pass: Self.name, context.observer)
    try GreedyDriver(pass: Self.name, Self.early).run(on: &graph, context.observer)
    let driver = GreedyDriver(pass: Self.name, rewrites)
    try driver.run(on: &graph, context.observer)
    // Merging equal ops can leave a value with one reader, for which more holds. Every round
    // removes ops.
    while CommonSubexpressions.merge(in: &graph, pass: Self.name, context.observer) > 0 {
      try driver.run(on: &graph, context.observer)
    }
  }
}

/// The rules of `canonicalize`, from `Canonical.rules`.
public let canonicalRules: RuleSet = {
  let text = String(decoding: PackageResources.Canonical_rules, as: UTF8.self)
  do throws(Failure) {
    return try RuleSet(parsing: text, file: "Canonical.rules")
  } catch {
    unreachable("the rules of the product: \(error)")
  }
}()

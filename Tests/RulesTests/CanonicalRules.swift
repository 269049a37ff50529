// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Passes
import Rewriting
import Rules
import Testing

/// The rules of the product: each is explained, and has a sample in which it is applied.
@Suite struct CanonicalRules {
  /// The graphs of the sample by the rule that they are for.
  static let cases: [String: String] = {
    let path = Paths.join(RuleFuzz.folder, "ir-samples/rules/canonical.fettle")
    guard let text = try? Platform.readText(path) else { return [:] }
    var cases: [String: String] = [:]
    for part in text.split(separator: "// -----\n").dropFirst() {
      let name = part.dropFirst(3).prefix { $0 != ":" && $0 != "\n" }
      cases[String(name)] = String(part)
    }
    return cases
  }()

  @Test func thereAreAsManyCasesAsRules() {
    #expect(Self.cases.keys.sorted() == canonicalRules.rules.map(\.name).sorted())
  }

  @Test(arguments: canonicalRules.rules.map(\.name)) func isAppliedInItsSample(_ name: String) throws {
    var graph = try Graph.parse(text: try #require(Self.cases[name]))
    let trace = RuleTrace()
    var context = PassContext(observer: trace)
    try Canonicalize().run(on: &graph, &context)
    #expect(trace.applied.contains(name), "\(trace.applied)")
  }

  @Test func areExplained() {
    for rule in canonicalRules.rules {
      #expect(!rule.documentation.isEmpty, "\(rule.name)")
      #expect(rule.origin.line != nil)
    }
  }

  /// The attribute by which drivers sort rewrites is the one that ops name.
  @Test(arguments: OpSet.standard.kinds.map { $0.name }) func variantsAreWords(_ name: String) throws {
    func check<Op: OpDefinition>(_ kind: Op.Type) {
      guard let attribute = Op.variantAttribute else { return #expect(Op().variant.isEmpty) }
      let field = Op.fields.first { $0.name == attribute }
      #expect(field?.text(Op()) == Op().variant)
    }
    if let kind = OpSet.standard[name] { check(kind) }
  }
}

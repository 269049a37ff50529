// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// `fettle describe NAME`, and the grammar for editors.
@Suite struct DescribeTests {
  private func describe(_ words: String...) -> CommandResult {
    SampleCheck.command(["describe"] + words, Driver.standardToolkit)
  }

  @Test func everythingHasAPage() {
    let toolkit = Driver.standardToolkit
    for kind in toolkit.ops.kinds {
      let page = describe(kind.name).stdout
      #expect(page.contains("\(kind.name) (op)\n") && page.contains("%y = \(kind.name) "), "\(page)")
      #expect(page.contains("computed by"), "\(kind.name)")
      #expect(Platform.exists(Repository.path("ir-samples/ops/\(kind.name).fettle")) && page.contains("/\(kind.name).fettle"))
    }
    for kind in toolkit.passes {
      #expect(describe(kind.name).stdout.contains("fettle opt model.onnx -p '\(kind.name)"), "\(kind.name)")
      #expect(Platform.exists(Repository.path("ir-samples/passes/\(kind.name).fettle")), "\(kind.name)")
    }
    for pipeline in toolkit.pipelines {
      let page = describe(pipeline.name).stdout
      #expect(page.contains("\(pipeline.name) (pipeline)") && page.contains(pipeline.text), "\(page)")
      #expect(describe("passes").stdout.contains(pipeline.text), "\(pipeline.name)")
    }
    for target in toolkit.targets {
      #expect(describe(target.name).stdout.contains("\(target.name) (target)"), "\(target.name)")
    }
    for lowering in toolkit.lowerings.lowerings {
      #expect(describe(lowering.name).stdout.contains("\(lowering.name) (lowering)"), "\(lowering.name)")
    }
    #expect(describe("BatchNormalization").stdout.contains("BatchNormalization (ONNX operator)"))
  }

  @Test func defaultsAreTold() {
    let page = describe("softmax").stdout
    #expect(page.contains("softmax (op)") && page.contains("softmax (lowering)"), "\(page)")
    #expect(page.contains("default false"), "\(page)")
    #expect(describe("softmax", "--markdown").stdout.contains("| `log` | true or false, default false |"))
  }

  @Test func unknownNames() {
    let result = describe("cov")
    #expect(result.status == 2)
    #expect(result.stderr.contains("did you mean 'conv'"), "\(result.stderr)")
    #expect(result.stderr.contains("topics: ops, passes"), "\(result.stderr)")
  }

  /// The regular expression of the grammar that has a scope.
  private func expression(_ scope: String, in grammar: JSONValue) throws -> Regex<AnyRegexOutput> {
    let patterns = try #require(grammar["patterns"]?.elements)
    let pattern = try #require(
      patterns.first { $0["name"]?.text == scope || $0["captures"]?["2"]?["name"]?.text == scope })
    return try Regex(try #require(pattern["match"]?.text))
  }

  @Test func theGrammarIsFreshAndKnowsTheOps() throws {
    let path = Repository.path("docs/editors/fettle.tmLanguage.json")
    let text = describe("grammar").stdout
    #expect(try Platform.readText(path) == text, "stale: fettle describe grammar > docs/editors/fettle.tmLanguage.json")
    let grammar = try JSONValue.parse(text)
    for pattern in grammar["patterns"]?.elements ?? [] { _ = try Regex(try #require(pattern["match"]?.text)) }
    let ops = try expression("entity.name.function.op.fettle", in: grammar)
    for kind in OpSet.standard.kinds {
      let match = try #require(try ops.firstMatch(in: "  %y = \(kind.name) %x : f32[1]"), "\(kind.name)")
      #expect(match.output[2].substring.map(String.init) == kind.name)
      #expect(try ops.firstMatch(in: "%y = \(kind.name)_x %x") == nil)
    }
    let types = try expression("storage.type.element.fettle", in: grammar)
    for element in ElementType.allCases {
      let match = try #require(try types.firstMatch(in: ": \(element.rawValue)[1,2]"))
      #expect(String("\(": \(element.rawValue)[1,2]"[match.range])") == element.rawValue)
    }
    let values = try expression("variable.other.value.fettle", in: grammar)
    for name in ["%x", "%12", "%a.b-c", "%\"a \\\" b\""] { #expect(try values.wholeMatch(in: name) != nil, "\(name)") }
    let numbers = try expression("constant.numeric.fettle", in: grammar)
    for number in ["1", "-2.5", "1e-05", "-inf", "nan"] { #expect(try numbers.wholeMatch(in: number) != nil, "\(number)") }
    let directive = try expression("keyword.other.directive.fettle", in: grammar)
    for line in ["// RUN: opt %s", "// RUN-FAILS(2): opt", "// CHECK-NOT: x", "// COMPARE: abs 1e-5"] {
      #expect(try directive.firstMatch(in: line) != nil, "\(line)")
    }
  }
}

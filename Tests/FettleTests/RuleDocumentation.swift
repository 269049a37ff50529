// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// The rules that docs/rules.md shows are rules that samples run.
@Suite struct RuleDocumentation {
  @Test func rulesOfThePageAreRunBySamples() throws {
    let folder = Repository.path("ir-samples/rules")
    let files = try Platform.entries(of: folder).filter { $0.hasSuffix(".rules") }.map { Paths.join(folder, $0) }
    let texts = try (files + [Repository.path("Sources/Passes/Canonicalization/Canonical.rules")])
      .map { try Platform.readText($0) }
    let page = try Platform.readText(Repository.path("docs/rules.md"))
    let blocks = page.split(separator: "```rules\n").dropFirst().map { $0.split(separator: "```\n")[0] }
    #expect(blocks.count >= 4)
    for block in blocks {
      #expect(texts.contains { $0.contains(block) }, "\(block)")
    }
  }

  /// Every file of rules beside the samples is used by one.
  @Test func filesOfRulesAreRun() throws {
    let folder = Repository.path("ir-samples/rules")
    let entries = try Platform.entries(of: folder)
    for file in entries where file.hasSuffix(".rules") {
      let sample = Paths.join(folder, Paths.stem(of: file) + ".fettle")
      #expect(try Platform.readText(sample).contains(file))
    }
  }

  /// The pipeline that emitted files name holds the rules, also where their file has a name that would end a comment.
  @Test func thePipelineNamesTheRules() throws {
    let folder = try TemporaryFolder("fettle-rules")
    let (rules, graph) = (folder.file("odd *\\ name.rules"), folder.file("g.fettle"))
    try Platform.writeFile(
      rules, "rule to-abs {\n  %y = unary %x {function=relu}\n} => {\n  %y = unary %x {function=abs}\n}\n")
    try Platform.writeFile(
      graph, "graph @g(%x: f32[1,8]) -> (y: %y) {\n  %y = unary %x : f32[1,8]\n}\n")
    let out = folder.file("out")
    let result = SampleCheck.command(
      ["compile", graph, "--rules", rules, "-p", "canonicalize", "-q", "--no-verify", "-o", out], Driver.standardToolkit)
    #expect(result.status == 0, "\(result.stderr)")
    let header = try Platform.readText(Paths.join(out, "g.h"))
    #expect(header.contains("rules{file=") && header.contains("name.rules\"}, canonicalize"), "\(header)")
  }
}

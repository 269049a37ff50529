// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Testing

@Suite struct OpSamples {
  @Test func everyOpHasOne() {
    #expect(Samples.names == OpSet.standard.kinds.map { $0.name + ".fettle" }.sorted())
  }

  @Test(arguments: Samples.names) func readsPrintsAndReadsBack(_ name: String) throws {
    var opAttributes: Set<String> = []
    for text in try Samples.cases(name) {
      if text.contains("RUN-FAILS") {
        let failure = #expect(throws: Failure.self) { try Graph.parse(text: text, file: name) }
        let said = failure?.description ?? ""
        let expected = Samples.directives("CHECK-ERR", in: text)
        #expect(!expected.isEmpty)
        for line in expected { #expect(said.contains(line), "\(said)") }
      } else {
        let graph = try Graph.parse(text: text, file: name)
        let printed = graph.text().text
        let expected = Samples.directives("CHECK", in: text)
        #expect(!expected.isEmpty)
        for line in expected { #expect(printed.contains(line), "\(printed)") }
        let again = try Graph.parse(text: printed)
        #expect(again.text().text == printed)
        #expect(again.verify().isEmpty)
        for (a, b) in zip(graph.opIDs, again.opIDs) {
          #expect(isSame(graph.definition(of: a), again.definition(of: b)))
          opAttributes.formUnion(attributes(graph.definition(of: a)))
        }
      }
    }
    // Each attribute stands in some sample with a value that is not its default.
    let kind = try #require(OpSet.standard[Paths.stem(of: name)])
    #expect(opAttributes.isSuperset(of: fieldNames(kind)))
  }

  private func isSame(_ a: any OpDefinition, _ b: any OpDefinition) -> Bool { a.isSame(as: b) }

  /// The attributes of a kind that can have more than one value: numbers, lists, and words of which there are several.
  private func fieldNames<Op: OpDefinition>(_ kind: Op.Type) -> [String] {
    kind.fields.filter { ["integer", "number"].contains($0.form) || $0.form.contains(" ") }.map(\.name)
  }

  private func attributes<Op: OpDefinition>(_ op: Op) -> [String] {
    Op.fields.filter { !$0.same(op, Op()) }.map { "\($0.name)" }
  }
}

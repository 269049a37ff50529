// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// `fettle reduce` on larger graphs than those of ir-samples/commands.
@Suite struct ReduceTests {
  /// A chain of so many ops, one of which is of another kind.
  private static func chain(_ count: Int, special: Int) -> String {
    var text = "graph @chain(%x: f32[1,4]) -> (y: %v\(count - 1)) {\n"
    for i in 0..<count {
      let function = i == special ? "tanh" : "exp"
      text +=
        "  %v\(i) = unary \(i == 0 ? "%x" : "%v\(i - 1)") {function=\(function)} : f32[1,4] loc(\"layer\(i)\")\n"
    }
    return text + "}\n"
  }

  @Test(arguments: [(1000, 617), (1000, 0), (1000, 999)])
  func aThousandOpsInFewRuns(_ count: Int, _ special: Int) throws {
    let folder = try TemporaryFolder("fettle-reduce-test")
    try Platform.writeFile(folder.file("chain.fettle"), Self.chain(count, special: special))
    let result = SampleCheck.command(
      [
        "reduce", folder.file("chain.fettle"), "--keep",
        "echo >> \(folder.file("runs")); grep -q 'function=tanh' {}", "-o",
        folder.file("small.fettle"),
      ], Driver.standardToolkit)
    #expect(result.status == 0, "\(result.stderr)")
    #expect(result.stderr.contains("1000 ops -> 1, "), "\(result.stderr)")
    let runs = try Platform.readText(folder.file("runs")).count
    #expect(runs < 100, "\(runs) runs")
    let small = try GraphFile.read(folder.file("small.fettle"))
    #expect(small.opCount == 1 && small.verify().isEmpty)
  }

  /// What fails needs two ops far apart: both stay, nothing between them does.
  @Test func twoOpsThatBelongTogether() throws {
    let folder = try TemporaryFolder("fettle-reduce-test")
    let text = Self.chain(300, special: 30).replacing(
      "%v200 = unary %v199 {function=exp}", with: "%v200 = unary %v199 {function=sigmoid}")
    try Platform.writeFile(folder.file("chain.fettle"), text)
    let result = SampleCheck.command(
      [
        "reduce", folder.file("chain.fettle"), "--keep", "grep -q tanh {} && grep -q sigmoid {}",
        "-o",
        folder.file("small.fettle"),
      ], Driver.standardToolkit)
    #expect(result.stderr.contains("300 ops -> 2, "), "\(result.stderr)")
  }

  /// A command that never ends finds nothing interesting; one that says now this, now that, is
  /// found out.
  @Test func commandsThatAreNoTest() throws {
    let folder = try TemporaryFolder("fettle-reduce-test")
    let chain = folder.file("chain.fettle")
    try Platform.writeFile(chain, Self.chain(4, special: 1))
    let slow = SampleCheck.command(
      ["reduce", chain, "--keep", "sleep 30 #", "--timeout", "0.2", "-o", folder.file("a.fettle")],
      Driver.standardToolkit)
    #expect(
      slow.status == 1 && slow.stderr.contains("killed for exceeding its time limit"),
      "\(slow.stderr)")
    let once = SampleCheck.command(
      ["reduce", chain, "--keep", "mkdir \(folder.file("mark")) #", "-o", folder.file("b.fettle")],
      Driver.standardToolkit)
    #expect(
      once.status == 1 && once.stderr.contains("does not say the same twice"), "\(once.stderr)")
    #expect(try Platform.entries(of: folder.path) == ["chain.fettle", "mark"])
  }

  /// A real model: from 30 ops to the one that a pass fails on.
  @Test func aModel() throws {
    let folder = try TemporaryFolder("fettle-reduce-test")
    let result = SampleCheck.command(
      [
        "reduce", BisectTests.resnet8, "--keep", "grep -q 'softmax'", "-o",
        folder.file("small.fettle"),
      ], Driver.standardToolkit)
    #expect(result.status == 0, "\(result.stderr)")
    let small = try GraphFile.read(folder.file("small.fettle"))
    #expect(small.opCount == 1 && small.inputs.isEmpty, "\(small.text().text)")
  }
}

// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// `fettle diff` where two files are needed, or a large one.
@Suite struct DiffTests {
  private static func diff(
    _ before: String, _ after: String, _ options: [String] = []
  ) throws -> CommandResult {
    let folder = try TemporaryFolder("fettle-diff")
    try Platform.writeFile(folder.file("a.fettle"), before)
    try Platform.writeFile(folder.file("b.fettle"), after)
    return SampleCheck.command(
      ["diff", folder.file("a.fettle"), folder.file("b.fettle")] + options, Driver.standardToolkit)
  }

  private static let base = """
    graph @g(%x: f32[1,4], %z: f32[1,4]) -> (y: %y) {
      @w = f32[4,4] [0.5 ...]
      %a = matmul %x, @w : f32[1,4] loc("fc1")
      %b = unary %a : f32[1,4] loc("relu1")
      %c = binary %b, %z {function=sub} : f32[1,4] loc("sub1")
      %y = unary %c : f32[1,4] loc("relu2")
    }

    """

  /// An edit of the text, and what is said of it.
  @Test(arguments: [
    (
      "function=sub", "function=add",
      "layer 'sub1'\n  ~ binary 'c' f32[1,4]\n      function: sub -> add\n"
    ),
    ("%b, %z", "%z, %b", "      lhs: 'b' -> input 'z'\n      rhs: input 'z' -> 'b'\n"),
    ("[0.5 ...]", "[0.75 ...]", "(16 of 16 elements differ, by at most 0.25)\n"),
    (
      "%z: f32[1,4])", "%q: f32[1,4])",
      "ports\n  - input 'z': f32[1,4] -> none\n  + input 'q': f32[1,4]\n"
    ),
    (
      "(y: %y)", "(y: %y, c: %c)",
      "ports\n  + output 'c': f32[1,4]\n0 ops removed, 0 added, 0 changed; 4 ops before, 4 after\n"
    ),
    (
      "loc(\"relu1\")", "loc(\"relu1\", \"more\")",
      "layer 'relu1'\n  ~ unary 'b' f32[1,4]\n      location: 'relu1' -> 'relu1', 'more'\n"
    ),
    (
      "  %y = unary %c", "  %n = unary %c {function=exp} : f32[1,4] loc(\"new\")\n  %y = unary %n",
      "layer 'new'\n  + unary 'n' f32[1,4]\n      input: 'c'\n      function: exp\nlayer 'relu2'\n  ~ unary 'y' f32[1,4]\n      input: 'c' -> 'n'\n"
    ),
  ]) func anEdit(_ from: String, _ to: String, _ words: String) throws {
    var after = Self.base.replacing(from, with: to)
    if to.hasPrefix("%q") { after = after.replacing("%b, %z", with: "%b, %q") }
    let result = try Self.diff(Self.base, after)
    #expect(result.status == 0)
    #expect(result.stdout.contains(words), "\(result.stdout)")
    #expect(try Self.diff(Self.base, after).stdout == result.stdout)
    let json = try JSONValue.parse(try Self.diff(Self.base, after, ["--json"]).stdout, file: "json")
    #expect(json["same"]?.flag == false)
  }

  /// Names of tensors and the order of ops do not count.
  @Test func whatIsNoDifference() throws {
    let renamed = Self.base.replacing("%b", with: "%other").replacing("%a", with: "%else")
    #expect(try Self.diff(Self.base, renamed, ["--exit-code"]).stdout == "")
    let one =
      "graph @g(%x: f32[1]) -> (p: %p, q: %q) {\n  %p = unary %x : f32[1]\n  %q = unary %x {function=exp} : f32[1]\n}\n"
    let two =
      "graph @g(%x: f32[1]) -> (p: %p, q: %q) {\n  %q = unary %x {function=exp} : f32[1]\n  %p = unary %x : f32[1]\n}\n"
    #expect(try Self.diff(one, two, ["--exit-code"]).status == 0)
  }

  /// One op taken out of the middle of a chain of ops that nobody named is one difference, and a
  /// long chain takes little time.
  @Test func aLongChain() throws {
    func chain(_ count: Int, without gap: Int?) -> String {
      var text = "graph @chain(%x: f32[1]) -> (y: %\(count - (gap == nil ? 1 : 2))) {\n"
      var last = "%x"
      var number = 0
      for i in 0..<count where i != gap {
        text += "  %\(number) = unary \(last) {function=\(i % 3 == 0 ? "exp" : "tanh")} : f32[1]\n"
        last = "%\(number)"
        number += 1
      }
      return text + "}\n"
    }
    let count = 20_000
    let start = Platform.monotonicSeconds
    let result = try Self.diff(chain(count, without: nil), chain(count, without: count / 2))
    #expect(
      result.stdout.hasSuffix(
        "1 op removed, 0 added, 1 changed; \(count) ops before, \(count - 1) after\n"),
      "\(result.stdout.suffix(300))")
    #expect(Platform.monotonicSeconds - start < 10)
  }

  @Test func bothWays() throws {
    let after = Self.base.replacing("function=sub", with: "function=mul")
    #expect(try Self.diff(Self.base, after, ["--exit-code"]).status == 4)
    #expect(try Self.diff(after, Self.base).stdout.contains("function: mul -> sub"))
    #expect(try Self.diff("no graph", after, ["--exit-code"]).status == 1)
  }
}

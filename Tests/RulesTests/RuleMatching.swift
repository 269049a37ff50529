// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rules
import Tensors
import Testing

/// Patterns and replacements.
@Suite struct RuleMatching {
  static func graph(_ lines: String) -> String {
    "graph @g(%x: f32[2,4], %z: f32[2,4]) -> (y: %y) {\n  @two = f32[] [2]\n  @v = f32[4] [2, 2, 2, 2.25]\n\(lines)\n}\n"
  }

  /// Patterns of the line that makes %y, and whether they match `binary @two, %x {function=mul}`.
  @Test(arguments: [
    ("%y = binary %a, 2 {function=mul}", true), ("%y = binary 2, %a {function=mul}", true),
    ("%y = binary @c, %a {function=mul}", true), ("%y = binary %a, @c {function=mul}", true),
    ("%y = binary %a, %a {function=mul}", false), ("%y = binary %a, %b {...}", true), ("%y = binary %a, %b", false),
    ("%y = binary %a, %b {function=add|mul}", true), ("%y = binary %a, %b {function=add|sub}", false),
    ("%y = binary %a, %b {function=_}", true), ("%y = binary %a, 2.1 {function=mul}", false),
    ("%y = binary %a, 2.1 ~ 0.2 {function=mul}", true), ("%a: f32[2,4]\n %y = binary %a, 2 {...}", true),
    ("%a: f32[4,2]\n %y = binary %a, 2 {...}", false), ("%a: float[$n, _]\n %y = binary %a, 2 {...}", true),
    ("%a: int\n %y = binary %a, 2 {...}", false), ("%a: any[_, ...]\n @c: $e[]\n %y = binary %a, @c {...} : $e[_, 4]", true),
    ("%a: f32[$n, $n]\n %y = binary %a, @c {...}", false), ("@c: f32[_, ...]\n %y = binary %a, @c {...}", false),
    ("@c: f32\n %y = binary %a, @c {...} : f32[2, 5]", false), ("%y = binary @c, @d {...}", false),
  ])
  func pattern(_ pattern: String, _ matches: Bool) throws {
    let rule = "rule t {\n \(pattern)\n} => {\n  @k = f32[2,4] [1 ...]\n  %y = @k\n}"
    let result = try RuleRun.apply(rule, to: Self.graph("  %y = binary @two, %x {function=mul} : f32[2,4]"))
    #expect(result.trace.applied == (matches ? ["t"] : []))
  }

  /// Where both operands may be either, conditions decide which is which.
  @Test func conditionsChooseTheReading() throws {
    let rule = "rule t {\n %y = binary %a, %b {function=add}\n} where { constant(%a) } => {\n %y = binary %b, %a {function=sub}\n}"
    for line in ["binary %x, @two", "binary @two, %x"] {
      let text = try RuleRun.apply(rule, to: Self.graph("  %y = \(line) : f32[2,4]")).text
      #expect(text.contains("%y = binary %x, @two {function=sub}"))
    }
    let rule2 = rule.replacing("function=add", with: "function=div")
    let text = try RuleRun.apply(rule2, to: Self.graph("  %y = binary %x, @two {function=div} : f32[2,4]")).text
    #expect(text.contains("{function=div}"))
  }

  /// An op that stands twice in the pattern is one op of the graph; a value that is read twice is one value.
  @Test func sharedOperands() throws {
    let rule = """
      rule t {
        %a = unary %x {function=tanh}
        %b = binary %a, %x {function=mul}
        %y = binary %b, %a {function=add}
      } => {
        %y = unary %x {function=sigmoid}
      }
      """
    let good = "  %a = unary %x {function=tanh} : f32[2,4]\n  %b = binary %x, %a {function=mul} : f32[2,4]\n"
    #expect(try RuleRun.apply(rule, to: Self.graph(good + "  %y = binary %a, %b : f32[2,4]")).trace.applied == ["t"])
    let other = good.replacing("%x, %a", with: "%z, %a")
    #expect(try RuleRun.apply(rule, to: Self.graph(other + "  %y = binary %a, %b : f32[2,4]")).trace.applied.isEmpty)
  }

  @Test func anOptionalOperandIsHandedOn() throws {
    let rule = """
      rule t {
        %y = conv %x, %w, %b? {strides=[1,1], ...}
      } => {
        %y = conv %x, %w, %b? {...%y, strides=[]}
      }
      """
    let graph = """
      graph @g(%x: f32[1,1,2,2], %w: f32[1,1,1,1], %c: f32[1]) -> (y: %y, z: %z) {
        %y = conv %x, %w {strides=[1,1], padding=[0,0,0,0]} : f32[1,1,2,2]
        %z = conv %x, %w, %c {strides=[1,1]} : f32[1,1,2,2]
      }
      """
    let text = try RuleRun.apply(rule, to: graph).text
    #expect(text.contains("%y = conv %x, %w {padding=[0,0,0,0]}"))
    #expect(text.contains("%z = conv %x, %w, %c : f32[1,1,2,2]"))
  }

  /// Constants are made of what the pattern has bound; locations are those of all that goes, each once.
  @Test func constantsAndLocations() throws {
    let rule = """
      rule t {
        %x: $e[$n, ...]
        %a = binary %x, @c {function=mul}
        %y = binary %a, @d {function=mul}
      } => {
        @k = $e[1, $n * 2] [splat(@c) * splat(@d) ...]
        %y = binary %x, @k {function=mul}
      }
      """
    let lines = "  %a = binary %x, @two {function=mul} : f32[2,4] loc(\"a\")\n"
      + "  %y = binary @two, %a {function=mul} : f32[2,4] loc(\"b\", \"a\")"
    let text = try RuleRun.apply(rule, to: Self.graph(lines)).text
    #expect(text.contains("@k = f32[1,4] [4, 4, 4, 4]"))
    #expect(text.contains("%y = binary %x, @k {function=mul} : f32[2,4] loc(\"a\", \"b\")"))
    let result = try RuleRun.apply(rule, to: Self.graph(lines.replacing("@two, %a", with: "%a, @v")))
    #expect(result.trace.declined.contains("t: the elements of the constant differ"))
  }

  /// What other ops read stays, and is not in the location.
  @Test func whatIsReadElsewhereStays() throws {
    let rule = "rule t {\n %a = unary %x {function=tanh}\n %y = unary %a {function=exp}\n} => {\n %y = unary %x {function=abs}\n}"
    let lines = "  %a = unary %x {function=tanh} : f32[2,4] loc(\"a\")\n  %b = unary %a {function=exp} : f32[2,4] loc(\"b\")\n"
    let text = try RuleRun.apply(rule, to: Self.graph(lines + "  %y = binary %a, %b : f32[2,4]")).text
    #expect(text.contains("%b = unary %x {function=abs} : f32[2,4] loc(\"b\")"))
    #expect(text.contains("%a = unary %x {function=tanh}"))
  }

  /// Names and statistics of the result are those of the op that goes.
  @Test func annotationsAreHandedOn() throws {
    let rule = "rule t {\n %y = unary %x {function=relu}\n} => {\n %y = unary %x {function=abs}\n}"
    let line = "  %y = unary %x : f32[2,4] stats(mean=[0, 1, 2, 3], deviation=[1, 1, 1, 1])"
    #expect(try RuleRun.apply(rule, to: Self.graph(line)).text.contains("%y = unary %x {function=abs} : f32[2,4] stats(mean=[0, 1"))
  }

  @Test(arguments: [
    ("%y = %x", "the replacement is f32[2,4], but the op makes bool[2,4]"),
    ("%y = unary %x {function=tanh}", "the replacement is f32[2,4], but the op makes bool[2,4]"),
    ("%y = unary %x {function=not}", "the replacement's unary does not fit: not takes bool"),
    ("%y = reshape %x {shape=[3]}", "the replacement's reshape does not fit"),
    ("%t = unary %x : f32[3, _]\n %y = binary %t, %z {function=less}", "unary makes f32[2,4], not f32[3, _]"),
    ("@k = bool[-1] [1 ...]\n %y = @k", "the constant's shape is negative or too large"),
    ("@k = bool[99, 999999] [1 ...]\n %y = @k", "the constant's shape is negative or too large"),
    ("@k = bool[2,4] [1, 0]\n %y = @k", "2 elements are given for bool[2,4]"),
    ("%y = binary %x, %z {function=less}", "the replacement is the op itself"),
  ])
  func whatDoesNotFitIsDeclined(_ replacement: String, _ reason: String) throws {
    let graph = "graph @g(%x: f32[2,4], %z: f32[2,4]) -> (y: %y) {\n  %y = binary %x, %z {function=less} : bool[2,4]\n}\n"
    let rule = "rule t {\n %y = binary %x, %z {function=less}\n} => {\n \(replacement)\n}"
    let result = try RuleRun.apply(rule, to: graph)
    #expect(result.trace.applied.isEmpty)
    #expect(result.trace.declined.contains { $0.contains(reason) }, "\(result.trace.declined)")
    #expect(result.text == (try Graph.parse(text: graph).text().text))
  }

  /// Rules that feed each other are bounded and named with their places.
  @Test func endlessRulesAreNamed() throws {
    let rules = """
      rule first {
        %y = unary %x {function=relu}
      } => {
        %y = unary %x {function=abs}
      }

      rule second {
        %y = unary %x {function=abs}
      } => {
        %y = unary %x {function=relu}
      }
      """
    do {
      _ = try RuleRun.apply(rules, to: Self.graph("  %y = unary %x : f32[2,4]"))
      Issue.record("came to an end")
    } catch let failure as Failure {
      let text = failure.description
      #expect(text.hasPrefix("my.rules:1:6: error: pass 'rules': did not come to an end"), "\(text)")
      #expect(text.contains("'first' (my.rules:1)") && text.contains("'second' (my.rules:7)"), "\(text)")
    }
  }

  /// A rule whose output is its own input, and ever more of it.
  @Test func growingRulesAreBounded() throws {
    let rule = "rule t {\n %y = unary %x {function=relu}\n} => {\n %a = unary %x {function=relu}\n %y = unary %a {function=relu}\n}"
    #expect(throws: Failure.self) { try RuleRun.apply(rule, to: Self.graph("  %y = unary %x : f32[2,4]")) }
  }

  /// Very many readings of one pattern are bounded.
  @Test func manyReadingsAreBounded() throws {
    let ops = (1...40).map { " %a\($0) = binary %a\($0 - 1), %b\($0) {function=add}\n" }.joined()
    let rule = "rule t {\n\(ops)} where { false } => {\n %a40 = %a1\n}"
    let lines = (1...40).map { "  %a\($0) = binary %\($0 == 1 ? "x" : "a\($0 - 1)"), %\($0 == 1 ? "z" : "a\($0 - 1)") : f32[2,4]\n" }
    let result = try RuleRun.apply(rule, to: Self.graph(lines.joined() + "  %y = unary %a40 : f32[2,4]"))
    #expect(result.trace.declined.contains("t: the pattern has too many readings"))
  }
}

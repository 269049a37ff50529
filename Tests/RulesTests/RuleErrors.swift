// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rules
import Testing

/// A text and what is said of it: place and message, a part of the notes.
struct BadRule: Sendable, CustomTestStringConvertible {
  let text: String
  let place: String
  let message: String
  var note = ""
  var testDescription: String { message }
}

/// What is wrong with a rule is told with its line and column.
@Suite struct RuleErrors {
  static let relu = "  %y = unary %x {function=relu}\n"
  static let same = "} => {\n  %y = %x\n}\n"

  static let table: [BadRule] = [
    BadRule(text: "rul a {", place: "1:1", message: "a rule starts with 'rule NAME {'"),
    BadRule(text: "rule {", place: "1:6", message: "expected a word"),
    BadRule(text: "rule a {\n}" , place: "1:6", message: "the pattern has no op"),
    BadRule(text: "rule a {\n  %y = unary %x\n", place: "1:6", message: "is not closed"),
    BadRule(
      text: "rule a {\n  %y = unry %x\n" + same, place: "2:8", message: "there is no op 'unry'",
      note: "did you mean 'unary'?"),
    BadRule(
      text: "rule a {\n  %y = unary %x {funktion=relu}\n" + same, place: "2:18",
      message: "unary has no attribute 'funktion'", note: "did you mean 'function'?"),
    BadRule(
      text: "rule a {\n  %y = unary %x {function=rilu}\n" + same, place: "2:31",
      message: "'rilu' is not understood here"),
    BadRule(
      text: "rule a {\n  %y = unary %x {alpha=1, alpha=2}\n" + same, place: "2:27",
      message: "the attribute 'alpha' is given twice"),
    BadRule(
      text: "rule a {\n  %y = unary %x, %z\n" + same, place: "2:8", message: "unary takes at most 1 operands, not 2"),
    BadRule(text: "rule a {\n  %y = binary %x\n" + same, place: "2:8", message: "operand 'rhs' of binary is missing"),
    BadRule(text: "rule a {\n  %y = binary %x, _\n" + same, place: "2:8", message: "operand 'rhs' of binary is never absent"),
    BadRule(text: "rule a {\n  %y = binary %x, @x\n" + same, place: "2:19", message: "a name stands for one tensor"),
    BadRule(
      text: "rule a {\n  %t = unary %x\n  %u = unary %x\n  %y = unary %t\n" + same, place: "3:3",
      message: "no op of the pattern reads '%u'", note: "all others must lead to it"),
    BadRule(
      text: "rule a {\n  %t = unary %x\n  %t = unary %x\n" + same, place: "3:3", message: "'%t' is defined twice",
      note: "line 2, column 3"),
    BadRule(
      text: "rule a {\n  %y = unary %y\n" + same, place: "2:3", message: "'%y' is defined twice"),
    BadRule(
      text: "rule a {\n  %t = transpose %x {permutation=$p}\n  %y = unary %t {alpha=$p}\n" + same, place: "3:24",
      message: "'$p' is a number here and a list of integers elsewhere", note: "line 2, column 34"),
    BadRule(text: "rule a {\n  %x: f33[]\n" + relu + same, place: "2:7", message: "'f33' is no element type"),
    BadRule(text: "rule a {\n  %x: f32[-1]\n" + relu + same, place: "2:11", message: "an extent is not negative"),
    BadRule(text: "rule a {\n  %y = binary %x, 0 ~ -1\n" + same, place: "2:23", message: "a tolerance is not negative"),
    BadRule(text: "rule a {\n  %y = binary %x, 1e300\n" + same, place: "2:19", message: "less than 2^53"),
    BadRule(text: "rule a {\n" + relu + "}\n", place: "4:1", message: "expected 'where {' or '=> {'"),
    BadRule(
      text: "rule a {\n" + relu + "} where {\n  rank(%z) == 4\n" + same, place: "4:8", message: "'%z' is not bound"),
    BadRule(
      text: "rule a {\n" + relu + "} where {\n  $n == 4\n" + same, place: "4:3", message: "'$n' is not bound"),
    BadRule(
      text: "rule a {\n" + relu + "} where {\n  rank(%x)\n" + same, place: "4:3",
      message: "a condition is true or false, but this is an integer"),
    BadRule(
      text: "rule a {\n" + relu + "} where {\n  ranc(%x) == 4\n" + same, place: "4:3",
      message: "there is no function 'ranc'", note: "did you mean 'rank'?"),
    BadRule(
      text: "rule a {\n" + relu + "} where {\n  rank(4) == 4\n" + same, place: "4:3",
      message: "rank does not take an integer", note: "rank(%x): the number of axes"),
    BadRule(
      text: "rule a {\n" + relu + "} where {\n  shape(%x) < 4\n" + same, place: "4:13",
      message: "'<' does not take a list of integers and an integer"),
    BadRule(
      text: "rule a {\n" + relu + "} where {\n  element(%x) == f23\n" + same, place: "4:15",
      message: "'f23' is none of the words that stand here", note: "did you mean 'f32'?"),
    BadRule(
      text: "rule a {\n" + relu + "} where {\n  shape(%x) + true == [1]\n" + same, place: "4:13",
      message: "'+' does not take a list of integers and true or false"),
    BadRule(text: "rule a {\n" + relu + "} where {\n  not rank(%x)\n" + same, place: "4:7", message: "'not' takes a condition"),
    BadRule(
      text: "rule a {\n" + relu + "} where {\n  $a = 1\n  $a = 2\n" + same, place: "5:3", message: "'$a' is bound already",
      note: "line 4, column 3"),
    BadRule(
      text: "rule a {\n" + relu + "} => {\n  %y = unary %z\n}\n", place: "4:14", message: "'%z' is not bound"),
    BadRule(
      text: "rule a {\n" + relu + "} => {\n  %y = unary %y\n}\n", place: "4:14",
      message: "the replacement reads '%y', which it replaces"),
    BadRule(
      text: "rule a {\n" + relu + "} => {\n  %z = unary %x\n}\n", place: "3:6",
      message: "the replacement does not define '%y'"),
    BadRule(
      text: "rule a {\n" + relu + "} => {\n  %x = unary %x\n  %y = %x\n}\n", place: "4:3",
      message: "'%x' stands for something in the pattern already"),
    BadRule(
      text: "rule a {\n" + relu + "} => {\n  %y = binary %x, 2\n}\n", place: "4:19",
      message: "expected '%value', '@constant' or '_'", note: "'@c = f32[] [0.5]'"),
    BadRule(
      text: "rule a {\n" + relu + "} => {\n  %y = unary %x {alpha=shape(%x)}\n}\n", place: "4:24",
      message: "attribute 'alpha' is a number, but this is a list of integers"),
    BadRule(
      text: "rule a {\n" + relu + "} => {\n  %y = reshape %x {...%y}\n}\n", place: "4:23",
      message: "'%y' is the result of unary, whose attributes reshape does not have"),
    BadRule(
      text: "rule a {\n" + relu + "} => {\n  %y = unary %x : f32[$n]\n}\n", place: "4:19", message: "'$n' is not bound"),
    BadRule(text: "rule a {\n" + relu + same + "rule a {\n" + relu + same, place: "6:1", message: "there are two rules 'a'"),
  ]

  @Test(arguments: table) func isTold(_ bad: BadRule) {
    do throws(Failure) {
      _ = try RuleSet(parsing: bad.text, file: "my.rules")
      Issue.record("no error: \(bad.text)")
    } catch {
      let text = error.diagnostics[0].description
      #expect(text.hasPrefix("my.rules:\(bad.place): error: "), "\(text)")
      #expect(text.contains(bad.message), "\(text)")
      #expect(bad.note.isEmpty || error.diagnostics[0].notes.contains { $0.contains(bad.note) }, "\(text)")
    }
  }

  /// Rules behind a broken one are read too.
  @Test func allFindingsAreTold() throws {
    let text = "rule a {\n  %y = unry %x\n} => {\n}\n\nrule b {\n" + Self.relu + "} => {\n}\n"
    do throws(Failure) {
      _ = try RuleSet(parsing: text, file: "f")
      Issue.record("no error")
    } catch {
      #expect(error.diagnostics.map { $0.origin.line } == [2, 8])
    }
  }

  @Test(arguments: ["(", "not ", "-", "[", "if(", "1+", "rank(", "true or ", "true and ", "not not "])
  func deepNestingIsRefused(_ part: String) {
    let deep = String(repeating: part, count: 20_000)
    #expect(throws: Failure.self) {
      try RuleSet(parsing: "rule a {\n" + Self.relu + "} where {\n" + deep)
    }
  }
}

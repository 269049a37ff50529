// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Synchronization
import Testing

/// Runs a sample whose only command prints `output`; gives back lines and messages of the findings.
private func outcome(
  _ sample: String, output: String = "", errors: String = "", status: Int32 = 0
) throws -> [CheckFinding] {
  let runner = CheckRunner(
    temporaryFolder: "tmp",
    run: { _ in CommandResult(stdout: output, stderr: errors, status: status) },
    compare: { _ in nil }, write: { _, _ in })
  return runner.findings(in: try CheckFile(path: "a/b.fettle", text: sample))
}

private let graph = """
  func @main(%x: f32[1,8])  {
    %0 = conv %x,   @w  {pads=[[1,1],[2,2]]} : f32[1,8]
    %1 = relu %0 : f32[1,8]
    return %1
  }
  func @other(%a: f32[2]) {
    %7 = relu %a : f32[2]
    return %7
  }
  """

@Suite struct CheckMatching {
  @Test(arguments: [
    "CHECK: %0 = conv %x, @w {pads=[[1,1],[2,2]]}\nCHECK-NEXT: relu %0",
    "CHECK: %[[C:[0-9]+]] = conv\nCHECK-NEXT: %[[R:.+]] = relu %[[C]] :\nCHECK: return %[[R]]",
    "CHECK: %[[N:.]] = conv\nCHECK-SAME: @w\nCHECK-SAME: : f32[{{[0-9]}},8]",
    "CHECK: conv\nCHECK-NOT: conv\nCHECK: @other",
    "CHECK-LABEL: @main\nCHECK: relu %0\nCHECK-LABEL: @other\nCHECK-NEXT: %7 = relu",
    "CHECK-LABEL: @other\nCHECK-NOT: conv",
    "CHECK-COUNT-2: relu\nCHECK-NOT: relu",
    "CHECK: {{^}}return %7{{$}}",
    "CHECK: f32[1,{{[0-9]{1}}}]",
    "CHECK: f32{{\\[}}[[D:[0-9]]],8]\nCHECK-NEXT: f32[[[D]],8]",
    "CHECK: %[[A:[0-9]]] = relu %[[B:[0-9]]] : {{(f32|f16)}}\nCHECK: return %[[A]]",
    "CHECK-NOT: sigmoid\nCHECK: func @main\nCHECK-NEXT: conv",
  ])
  func met(_ checks: String) throws {
    #expect(try outcome(sample(checks), output: graph) == [])
  }

  /// Each of these must be reported at the given line, in these words.
  @Test(arguments: [
    ("CHECK: %0 = sigmoid", 2, "CHECK: not found: %0 = sigmoid"),
    ("CHECK: relu\nCHECK: conv", 3, "CHECK: not found: conv"),
    ("CHECK: conv\nCHECK-NEXT: return", 3, "CHECK-NEXT: not on the next line: return"),
    ("CHECK: conv\nCHECK-SAME: relu", 3, "CHECK-SAME: not on the same line: relu"),
    ("CHECK: @w\nCHECK-SAME: conv", 3, "CHECK-SAME: not on the same line: conv"),
    ("CHECK-NEXT: conv", 2, "CHECK-NEXT has no match before it to refer to"),
    (
      "CHECK: @main\nCHECK-NOT: relu\nCHECK: return", 3,
      "CHECK-NOT: found what must not be there: relu"
    ),
    ("CHECK: @other\nCHECK-NOT: %7", 3, "CHECK-NOT: found what must not be there: %7"),
    ("CHECK-NOT: conv", 2, "CHECK-NOT: found what must not be there: conv"),
    (
      "CHECK-LABEL: @main\nCHECK-NOT: return\nCHECK-LABEL: @other", 3,
      "CHECK-NOT: found what must not be there: return"
    ),
    ("CHECK-LABEL: @main\nCHECK: %7\nCHECK-LABEL: @other", 3, "CHECK: not found: %7"),
    ("CHECK-LABEL: @other\nCHECK-LABEL: @main", 3, "CHECK-LABEL: not found: @main"),
    ("CHECK-COUNT-3: relu", 2, "CHECK-COUNT-3: found 2 of 3 times: relu"),
    ("CHECK: [[X]] = conv", 2, "CHECK: the variable 'X' has no value here"),
    ("CHECK: %[[C:[0-9]]] = conv\nCHECK: return %[[C]]", 3, "CHECK: not found: return %[[C]]"),
    ("CHECK: {{^}}relu", 2, "CHECK: not found: {{^}}relu"),
    ("CHECK: %7 ={{ }}\nCHECK: {{^relu}}", 3, "CHECK: not found: {{^relu}}"),
    ("CHECK: f32.1,8.", 2, "CHECK: not found: f32.1,8."),
    ("CHECK: %x,@w", 2, "CHECK: not found: %x,@w"),
    ("CHECK-ERR: conv", 2, "CHECK-ERR: not found: conv"),
  ])
  func missed(_ checks: String, line: Int, message: String) throws {
    let found = try outcome(sample(checks), output: graph)
    #expect(found.map(\.line) == [line])
    #expect(found.map(\.message) == [message])
  }

  @Test func showsTheLineThatWasMeant() throws {
    let found = try outcome(sample("CHECK: %1 = relu %9 : f32[1,8]"), output: graph)
    #expect(
      found.first?.excerpt.first == "probably meant: output line 3:   %1 = relu %0 : f32[1,8]")
    let diagnostic = try #require(found.first?.diagnostic)
    #expect(diagnostic.description.hasPrefix("a/b.fettle:2: error: CHECK: not found: %1 = relu %9"))
  }

  @Test func errorOutputIsAStreamOfItsOwn() throws {
    let checks = "CHECK-ERR: warning: {{.+}} dropped\nCHECK-ERR-NEXT: note\nCHECK: conv"
    let errors = "x\nwarning: node dropped\nnote: so\n"
    #expect(try outcome(sample(checks), output: graph, errors: errors) == [])
    let found = try outcome(sample("CHECK-ERR-NOT: note"), output: graph, errors: errors)
    #expect(found.map(\.line) == [2])
  }

  private func sample(_ checks: String) -> String {
    (["RUN: opt %s"] + checks.split(separator: "\n").map(String.init)).map { "// \($0)\n" }
      .joined()
  }
}

@Suite struct CheckFiles {
  @Test(arguments: [
    ("// CHECKS: x", "'CHECKS' is no directive"),
    ("// CHECK-NXT: x", "'CHECK-NXT' is no directive"),
    ("// CHECK x", "not followed by ':'"), ("// CHECK:", "matches everything"),
    ("// CHECK: {{.*}}", "matches everything"), ("// CHECK: {{(}}", "no regular expression"),
    ("// CHECK: {{a", "not closed"), ("// CHECK: [[X:a", "not closed"),
    ("// CHECK-COUNT-0: x", "no count"), ("// CHECK-LABEL: [[X:a+]]", "holds no variables"),
    ("// RUN: opt 'x", "not closed"), ("// RUN:", "without a command"),
    ("// RUN: opt | grep", "no shell"), ("// RUN: opt \\", "none follows"),
    ("// RUN-FAILS: opt", "needs its exit status"), ("// RUN-FAILS(0): opt", "from 1 to 255"),
    ("// RUN-FAILS(99999999999): opt", "from 1 to 255"), ("// COMPARE: abs -1", "bound above 0"),
    ("// COMPARE: abs nan", "bound above 0"), ("// COMPARE: near 1", "no kind of COMPARE"),
  ])
  func refuses(_ line: String, because reason: String) {
    #expect {
      try CheckFile(path: "f", text: "\n\(line)\n")
    } throws: { error in
      let first = (error as? Failure)?.diagnostics.first
      return first?.message.contains(reason) == true && first?.origin.line == 2
    }
  }

  /// Half-typed samples are refused or run; they end nothing.
  @Test func anyTextIsSafe() {
    let rich = Array(
      #"""
      // RUN-FAILS(1): opt -p 'a{b=1}' %s "%t
      // CHECK: %[[A:[a-z[\]]]+]] = {{(a|b){1,2}}} [[A]]
      // CHECK-COUNT-2: x
      // CHECK-ERR-NEXT: [[B]]{{^.*$}}
      // CHECK-LABEL: é func
      // COMPARE: abs 1e-5
      // -----
      """#)
    for i in rich.indices {
      for text in [String(rich[..<i]), String(rich[..<i] + rich[(i + 1)...])] {
        _ = try? outcome(text, output: "func é\n\n= a [ x x\n", errors: text, status: 1)
      }
    }
  }

  @Test func whatCannotFailIsAFinding() throws {
    #expect(try outcome("%y = relu %x\n// CHECK: x\n").map(\.line) == [1])
    #expect(try outcome("// RUN: opt %s\n// a comment\n").map(\.line) == [1])
    let second = "// RUN: a\n// CHECK: x\n// -----\n// RUN: b\n"
    #expect(try outcome(second, output: "x").map(\.line) == [4])
  }

  @Test func exitStatusIsChecked() throws {
    let failing = "// RUN-FAILS(2): opt %s\n"
    #expect(try outcome(failing, status: 2) == [])
    #expect(
      try outcome(failing).map(\.message) == ["exit status 0, expected 2: opt a/b.fettle"])
    let found = try outcome("// RUN: opt\n// CHECK: x\n", output: "x", errors: "why\n", status: 1)
    #expect(found.map(\.message) == ["exit status 1, expected 0: opt"])
    #expect(found.first?.excerpt == ["why"])
  }

  @Test func wordsAndCases() throws {
    let log = Mutex<[String]>([])
    let sample = """
      // RUN: opt -p 'fold, "x"' %s -o %t.out \\
      // RUN:   --all
      // RUN: cat %t.out "%S/w" %stem 100%%
      // -----
      // CHECK: hello
      one
      // -----
      // RUN-FAILS(3): opt %s
      two
      // COMPARE: rel 1e-3
      """
    let runner = CheckRunner(
      temporaryFolder: "/t",
      run: { words in
        log.withLock { $0.append(words.joined(separator: "|")) }
        return CommandResult(stdout: "hello", status: words.count == 2 ? 3 : 0)
      },
      compare: { comparison in
        log.withLock { $0.append("\(comparison.tolerance) \(comparison.commands.count)") }
        return "differs by 1"
      },
      write: { path, text in log.withLock { $0.append(path + "=" + text) } })
    let file = try CheckFile(path: "in/s.fettle", text: sample)
    let found = runner.findings(in: file)
    #expect(file.caseCount == 2)
    #expect(found.map(\.line) == [10])
    #expect(found.map(\.message) == ["COMPARE: differs by 1"])
    let calls = log.withLock { $0 }
    try #require(calls.count == 6)
    let first = try #require(calls[0].split(separator: "=").first)
    #expect(calls[0] == first + "=\n\n\n\n// CHECK: hello\none\n")
    #expect(first.hasPrefix("/t/") && first.hasSuffix("-0-s.fettle"))
    let stem = first.dropLast("-s.fettle".count)
    #expect(calls[1] == "opt|-p|fold, \"x\"|\(first)|-o|\(stem).tmp.out|--all")
    #expect(calls[2] == "cat|\(stem).tmp.out|in/w|%stem|100%")
    let text = "// RUN-FAILS(3): opt %s\ntwo\n// COMPARE: rel 1e-3\n"
    #expect(calls[3].hasSuffix("-1-s.fettle=\n\n\n\n\n\n\n" + text))
    #expect(calls[5] == "relative(0.001) 1")
  }
}

// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Fettle
import Testing

/// `fettle check`: samples by name, several at once, and expectations rewritten.
@Suite struct CheckCommandTests {
  private static func sample(_ checks: String) -> String {
    """
    // RUN: opt %s
    graph @g(%x: f32[4]) -> (y: %y) {
      %a = unary %x {function=abs} : f32[4]
      %y = unary %a {function=sqrt} : f32[4]
    }
    \(checks)

    """
  }

  private static func check(_ words: String...) -> CommandResult {
    SampleCheck.command(["check"] + words, Driver.standardToolkit)
  }

  @Test func literalLinesAreRewritten() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.fettle")
    let wrong = """
      // CHECK: %a = unary %x {function=neg} : f32[4]
      // CHECK-NEXT: %y = unary %a {function=exp} : f32[4]
      """
    try Platform.writeFile(path, Self.sample(wrong))
    let before = Self.check(path)
    #expect(before.status == 1)
    #expect(before.stderr.contains("a.fettle:6: error: CHECK: not found: %a = unary %x {function=neg} : f32[4]"))
    #expect(before.stderr.contains("probably meant: output line"))
    #expect(try Platform.readText(path) == Self.sample(wrong))

    let blessed = Self.check(path, "--bless")
    #expect(blessed.status == 0, "\(blessed.stderr)")
    #expect(blessed.stdout.contains("a.fettle:6: - CHECK: %a = unary %x {function=neg} : f32[4]\n"))
    #expect(blessed.stdout.contains("a.fettle:7: + CHECK-NEXT: %y = unary %a {function=sqrt} : f32[4]\n"))
    let right = """
      // CHECK: %a = unary %x {function=abs} : f32[4]
      // CHECK-NEXT: %y = unary %a {function=sqrt} : f32[4]
      """
    #expect(try Platform.readText(path) == Self.sample(right))
  }

  @Test(arguments: [
    "// CHECK: %a = unary %x {{.*}}neg{{.*}} : f32[4]",
    "// CHECK-NOT: function=abs",
    "// CHECK: nothing of this kind stands there",
    "// CHECK-COUNT-3: = unary %x",
  ])
  func whatAPersonMustDecideStays(_ line: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.fettle")
    try Platform.writeFile(path, Self.sample(line))
    #expect(Self.check(path, "--bless").status == 1)
    #expect(try Platform.readText(path) == Self.sample(line))
  }

  @Test func findingsComeInTheOrderOfTheFiles() throws {
    let folder = try TemporaryFolder()
    for i in 10..<30 {
      let line = i.isMultiple(of: 2) ? "// CHECK: function=abs" : "// CHECK: %a = unary %x {function=neg}"
      try Platform.writeFile(folder.file("s\(i).fettle"), Self.sample(line))
    }
    let result = Self.check(folder.path)
    #expect(result.status == 1)
    let named = result.stderr.split(separator: "\n").filter { $0.contains(": error: ") }
    #expect(named.count == 10)
    #expect(named.map { String($0) }.sorted() == named.map { String($0) })
    let some = Self.check(folder.path, "--filter", "s2")
    #expect(some.stderr.split(separator: "\n").count { $0.contains(": error: ") } == 5)
    let good = Self.check(folder.path, "--filter", "s12")
    #expect(good.status == 0)
    #expect(good.stdout == "1 samples passed\n")
    #expect(Self.check(folder.path, "--filter", "nothing").status == 1)
  }

  @Test func nothingToCheckIsNoSuccess() throws {
    let folder = try TemporaryFolder()
    let empty = SampleCheck.command(["check", folder.path], Driver.standardToolkit)
    #expect(empty.status == 1 && empty.stderr.contains("there is no sample"), "\(empty.stderr)")
  }

  /// What cannot all be meant is refused, and a value that is forgotten is not the next option.
  @Test(arguments: [
    (["opt", "m.fettle", "-p", "canonicalize", "-p", "rules", "-o", "-"], "'--pipeline' is given 2 times"),
    (["opt", "m.fettle", "--print-ir-after", "-o", "x"], "'--print-ir-after' needs a value: PASS"),
    (["compile", "m.fettle", "--calibrator", "mse"], "-p 'quantize-int8{calibrator=mse}'"),
    (["opt", "m.fettle", "--beta=3", "-o", "x"], "unknown option '--beta'"),
    (["compile", "m.fettle", "-o", "-"], "several files go to a folder"),
    (["opt", "m.fettle", "--int16", "-p", "canonicalize"], "is named 'quantize-int16'"),
    (["verify", "m.fettle", "--tolerance", "-1"], "'--tolerance': '-1' is no number of at least 0"),
    (["verify", "m.fettle", "--tolerance", "nan"], "'--tolerance': 'nan' is no number of at least 0"),
  ]) func optionsAreNotGuessed(_ words: [String], _ message: String) throws {
    let folder = try TemporaryFolder()
    let model = folder.file("m.fettle")
    try Platform.writeFile(model, "graph @g(%x: f32[1]) -> (y: %y) {\n  %y = unary %x : f32[1]\n}\n")
    let result = SampleCheck.command(
      words.map { $0 == "m.fettle" ? model : $0 }, Driver.standardToolkit)
    #expect(result.status == 2 && result.stderr.contains(message), "\(result.stderr)")
  }
}

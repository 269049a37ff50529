// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Testing

@Suite struct PrintableTextTests {
  @Test(arguments: [
    ("plain text\tand\nlines", "plain text\tand\nlines"), ("größer 中文 🙂", "größer 中文 🙂"),
    ("\u{1B}[31m", "\\u{1b}[31m"), ("a\0b\rc\u{7F}", "a\\u{0}b\\u{d}c\\u{7f}"),
    ("\u{9B}31m", "\\u{9b}31m"), ("\u{202E}exe", "\\u{202e}exe"), ("\u{FFFD}", "\\u{fffd}"),
    ("\u{200B}\u{E0041}", "\\u{200b}\\u{e0041}"),
  ]) func escapes(_ text: String, _ shown: String) {
    #expect(PrintableText.escaped(text) == shown)
  }

  @Test func aDiagnosticIsShort() {
    let name = String(repeating: "n", count: 100_000)
    let long = Diagnostic(
      "'\(name)' is read before it is there", at: Origin(file: name, subject: "node '\(name)'"),
      notes: Array(repeating: name, count: 100))
    let lines = long.description.split(separator: "\n")
    #expect(lines.count == 22)
    #expect(lines.allSatisfy { $0.count < 1200 })
    #expect(lines[0].hasSuffix("is read before it is there"))
    #expect(lines[0].contains("more characters"))
    #expect(lines[21].contains("and 80 more notes"))
  }

  @Test func aNameForgesNoLine() {
    let forged = Diagnostic("'a\nerror: b'", at: Origin(file: "m\nx", subject: "node 'c\n'"))
    #expect(forged.description == "m\\nx: error: node 'c\\n': 'a\\nerror: b'")
  }

  @Test func aLongListIsCut() {
    let all = (0..<1000).map { Diagnostic("finding \($0)") }
    let lines = Failure(all).description.split(separator: "\n")
    #expect(lines.count == 21)
    #expect(lines[19] == "note: and 980 more, and last:")
    #expect(lines[20] == "error: finding 999")
    #expect(Failure(Array(all.prefix(20))).description.split(separator: "\n").count == 20)
  }

  @Test func jsonKeepsEverything() throws {
    let text = "\u{1B}\u{85}\u{202E}\u{FFFD}\u{E0041}\"\\\n\t中"
    let json = JSONValue.string(text).compact
    #expect(PrintableText.escaped(json) == json)
    #expect(try JSONValue.parse(json) == .string(text))
  }
}

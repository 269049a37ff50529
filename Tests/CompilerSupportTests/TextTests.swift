// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Testing

@Suite struct Text {
  @Test(arguments: [
    (0, "0 B", "0 B"), (999, "999 B", "999 B"), (1000, "1.0 KB", "1,000 B"),
    (1024, "1.0 KB", "1.0 KiB"), (1536, "1.5 KB", "1.5 KiB"), (999_999, "1.0 MB", "976.6 KiB"),
    (-2_000_000, "-2.0 MB", "-1.9 MiB"), (Int.min, "-9.2 EB", "-8.0 EiB"),
  ]) func byteSizes(_ count: Int, _ decimal: String, _ binary: String) {
    #expect(NumberText.bytes(count) == decimal)
    #expect(NumberText.binaryBytes(count) == binary)
  }

  @Test func numbers() {
    #expect(NumberText.grouped(0) == "0")
    #expect(NumberText.grouped(-1_234_567) == "-1,234,567")
    #expect(NumberText.grouped(100) == "100")
    #expect(NumberText.fixed(2.5, 2) == "2.50")
    #expect(NumberText.fixed(-0.001, 2) == "0.00")
    #expect(NumberText.fixed(9.996, 2) == "10.00")
    #expect(NumberText.fixed(7.5, 0) == "8")
    #expect(NumberText.fixed(.nan, 2) == "nan")
    #expect(NumberText.fixed(.infinity, 2) == "inf")
    #expect(NumberText.count(12_500_000) == "12.5 M")
  }

  @Test(arguments: [
    ("prune-chanels", "prune-channels"), ("Fold", "fold"), ("fodl", "fold"), ("zebra", nil),
    ("", nil),
  ]) func nearest(_ word: String, _ meant: String?) {
    #expect(Spelling.nearest(to: word, among: ["fold", "prune-channels", "quantize"]) == meant)
  }

  @Test func tables() {
    var table = Table([("layer", .left), ("bytes", .right)])
    table.row(["conv", "1,024"])
    table.row(["é", "3"])
    table.rule()
    table.row(["sum"])
    let lines = [
      "layer  bytes", "-----  -----", "conv   1,024", "é          3", "-----  -----", "sum", "",
    ]
    #expect(table.text == lines.joined(separator: "\n"))
  }

  @Test func indentation() {
    var out = TextWriter()
    out.block("a {") { out in
      out.write("b ")
      out.line("c")
      out.line()
      out.line("d\ne")
    }
    #expect(out.text == "a {\n  b c\n\n  d\n  e\n}\n")
  }

  @Test func paths() {
    #expect(Paths.join("a", "b") == "a/b" && Paths.join("a/", "b") == "a/b")
    #expect(Paths.join("a", "/b") == "/b" && Paths.join(".", "b") == "b")
    #expect(Paths.folder(of: "a/b.c") == "a" && Paths.folder(of: "b") == ".")
    #expect(Paths.folder(of: "/b") == "/" && Paths.folder(of: "/") == "/")
    #expect(Paths.name(of: "a/b.c") == "b.c" && Paths.stem(of: "a/b.c") == "b")
    #expect(Paths.ending(of: "a/b.NPY") == "npy" && Paths.ending(of: ".c") == "")
  }

  @Test func progress() {
    var time = 0.0
    var shown = ""
    let lines = Progress(style: .lines, now: { time }, write: { shown += $0 })
    lines.begin("tuning", total: 100)
    for i in 1...100 {
      time += 0.125
      lines.advance(to: i)
    }
    lines.end()
    #expect(shown == "tuning\ntuning: 40/100\ntuning: 80/100\ntuning: done in 12.5 s\n")
    shown = ""
    let bar = Progress(style: .bar(width: 20), now: { time }, write: { shown += $0 })
    bar.begin("x", total: 4)
    bar.advance(to: 2)
    bar.message("note")
    #expect(shown == "\r\u{1B}[Kx [................\r\u{1B}[Knote\n")
    shown = ""
    let quiet = Progress(style: .quiet, now: { time }, write: { shown += $0 })
    quiet.begin("x")
    quiet.message("y")
    quiet.end()
    #expect(shown.isEmpty)
  }
}

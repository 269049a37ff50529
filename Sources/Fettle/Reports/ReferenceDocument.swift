// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// A page of reference: entries with a line each and a table of their parts.
struct ReferenceDocument {
  /// An op, a pass, a target.
  struct Entry {
    let name: String
    let summary: String
    /// Attributes, options or fields: name, form or value, what it is.
    var parts: [(name: String, form: String, summary: String)] = []
    /// C that shows it.
    var code = ""
  }

  let title: String
  let introduction: String
  let entries: [Entry]

  /// The page for a terminal.
  var text: String {
    var out = TextWriter()
    out.line(title)
    out.line()
    for entry in entries {
      out.line("  \(entry.name): \(entry.summary)")
      var table = Table(untitled: [.left, .left, .left])
      for part in entry.parts { table.row(["      " + part.name, part.form, part.summary]) }
      if !entry.parts.isEmpty { out.write(table.text) }
      for line in entry.code.split(separator: "\n", omittingEmptySubsequences: false) {
        out.line(line.isEmpty ? "" : "      \(line)")
      }
    }
    out.line()
    return out.text
  }

  /// The page for the documentation.
  var markdown: String {
    var out = TextWriter()
    out.line("# \(title)")
    out.line()
    out.line("<!-- Made by `fettle describe --markdown`; a test fails when it is stale. -->")
    if !introduction.isEmpty {
      out.line()
      out.line(introduction)
    }
    for entry in entries {
      out.line()
      out.line("## `\(entry.name)`")
      out.line()
      out.line(entry.summary)
      if !entry.code.isEmpty {
        out.line()
        out.line("```c")
        out.line(entry.code)
        out.line("```")
      }
      guard !entry.parts.isEmpty else { continue }
      out.line()
      out.line("| name | form | what it is |")
      out.line("|---|---|---|")
      for part in entry.parts {
        let cells = [part.name, part.form, part.summary].map {
          $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
        }
        out.line("| `\(cells[0])` | \(cells[1]) | \(cells[2]) |")
      }
    }
    return out.text
  }
}

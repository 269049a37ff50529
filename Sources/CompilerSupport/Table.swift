// SPDX-License-Identifier: Apache-2.0

/// A table of text with aligned columns, two spaces apart.
public struct Table: Sendable {
  /// The side on which the cells of a column are flush.
  public enum Alignment: Sendable { case left, right }

  private enum Line: Sendable {
    case cells([String])
    case rule
  }

  private let alignments: [Alignment]
  private var lines: [Line]

  /// A table with titled columns; the titles are underlined.
  public init(_ columns: [(title: String, alignment: Alignment)]) {
    alignments = columns.map(\.alignment)
    lines = [.cells(columns.map(\.title)), .rule]
  }

  /// A table without titles.
  public init(untitled alignments: [Alignment]) {
    self.alignments = alignments
    lines = []
  }

  /// Adds a row; missing cells are empty, there must not be more than columns. Of a long name the middle is left out.
  public mutating func row(_ cells: [String]) {
    precondition(cells.count <= alignments.count, "a cell for each column at most")
    let shown = cells.map { PrintableText.shortened($0, to: PrintableText.nameLimit) }
    lines.append(
      .cells(shown + Array(repeating: "", count: alignments.count - cells.count)))
  }

  /// Adds a line across the table, as above a sum.
  public mutating func rule() { lines.append(.rule) }

  /// The table, each line ended by a line break and without spaces at its end.
  public var text: String {
    var widths = alignments.map { _ in 0 }
    for case .cells(let cells) in lines {
      for (i, cell) in cells.enumerated() { widths[i] = Swift.max(widths[i], cell.count) }
    }
    var result = ""
    for line in lines {
      var parts: [String]
      switch line {
      case .rule: parts = widths.map { String(repeating: "-", count: $0) }
      case .cells(let cells):
        parts = cells.enumerated().map { i, cell in
          let padding = String(repeating: " ", count: widths[i] - cell.count)
          return alignments[i] == .left ? cell + padding : padding + cell
        }
      }
      var text = Substring(parts.joined(separator: "  "))
      while text.hasSuffix(" ") { text.removeLast() }
      result += text + "\n"
    }
    return result
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The table of sensitivities as a picture: a bar for each layer and pair of types, the longer the
/// more the outputs differ. A bar's length is in decibels from the best layer's ratio down.
struct SensitivityPicture {
  private static let barHeight = 11.0
  private static let gap = 7.0
  private static let margin = (left: 16.0, top: 56.0, names: 250.0, bars: 420.0, right: 130.0)
  private static let colours = ["#3b76b0", "#d98b3a", "#6a9f58", "#9467a8", "#b3555a", "#7a6a55"]

  private let report: SensitivityReport

  init(_ report: SensitivityReport) { self.report = report }

  /// The picture.
  var svg: String {
    let margin = Self.margin
    let rows = report.rows + [report.whole]
    let rowHeight = Double(report.widths.count) * Self.barHeight + Self.gap
    let width = margin.left + margin.names + margin.bars + margin.right
    let height = margin.top + Double(rows.count) * rowHeight + 16
    let (best, worst) = range(rows)
    var out = TextWriter()
    out.line(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(number(width))\" height=\"\(number(height))\" viewBox=\"0 0 \(number(width)) \(number(height))\" font-family=\"sans-serif\" font-size=\"11\">")
    out.line("<title>\(XMLText.escaped(report.name)): sensitivity of layers</title>")
    out.line("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>")
    let title = "\(report.name): one layer quantized at a time. Signal to noise of the outputs in dB"
    let drop = report.reference.accuracy.value == nil ? "" : ", points of accuracy lost"
    out.line(text(margin.left, 18, title + drop))
    for (column, widths) in report.widths.enumerated() {
      let x = margin.left + Double(column) * 70
      out.line(bar(x, 28, 12, column))
      out.line(text(x + 16, 37, widths.text))
    }
    for (position, row) in rows.enumerated() {
      let top = margin.top + Double(position) * rowHeight
      let isAll = position == report.rows.count
      out.line(text(margin.left, top + 10, String(row.name.prefix(40)), isBold: isAll, full: row.name))
      for (column, answers) in row.results.enumerated() {
        let y = top + Double(column) * Self.barHeight
        let left = margin.left + margin.names
        let decibels = min(max(answers.error?.decibels ?? best, worst), best)
        let length = best > worst ? (best - decibels) / (best - worst) * margin.bars : 0
        out.line(bar(left, y, max(length, 1), column))
        let isWorst = !isAll && report.worst(column) == position
        let lost = report.drop(answers).map { ", \(NumberText.fixed($0, 2))" } ?? ""
        let words = SensitivityReport.decibels(answers) + lost + (isWorst ? " worst" : "")
        out.line(text(left + length + 5, y + 9, words, isBold: isWorst))
      }
    }
    out.line("</svg>")
    return out.text
  }

  /// The largest and smallest finite ratios.
  private func range(_ rows: [SensitivityReport.Row]) -> (best: Double, worst: Double) {
    let ratios = rows.flatMap(\.results).compactMap { $0.error?.decibels }.filter { $0.isFinite }
    return (ratios.max() ?? 0, ratios.min() ?? 0)
  }

  private func bar(_ x: Double, _ y: Double, _ length: Double, _ column: Int) -> String {
    let colour = Self.colours[column % Self.colours.count]
    return "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(length))\" height=\"\(number(Self.barHeight - 1))\" fill=\"\(colour)\"/>"
  }

  private func text(
    _ x: Double, _ y: Double, _ words: String, isBold: Bool = false, full: String? = nil
  ) -> String {
    let title = full.map { "<title>\(XMLText.escaped($0))</title>" } ?? ""
    let weight = isBold ? " font-weight=\"bold\"" : ""
    return "<text x=\"\(number(x))\" y=\"\(number(y))\"\(weight)>\(title)\(XMLText.escaped(words))</text>"
  }

  private func number(_ value: Double) -> String { NumberText.fixed(value, 1) }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The arena over time as a picture: steps from left to right, addresses from bottom to top, a box for each buffer.
struct ArenaPicture {
  private let report: ProgramReport

  init(_ report: ProgramReport) { self.report = report }

  private static let size = (width: 960.0, height: 480.0)
  private static let margin = (left: 90.0, top: 40.0, bottom: 40.0, right: 20.0)

  /// The picture.
  var svg: String {
    let steps = Double(max(report.layers.count, 1))
    let bytes = Double(max(report.arenaBytes, 1))
    let margin = Self.margin
    let width = Self.size.width - margin.left - margin.right
    let height = Self.size.height - margin.top - margin.bottom
    func x(_ step: Int) -> Double { margin.left + Double(step) / steps * width }
    func y(_ offset: Int) -> Double { margin.top + height - Double(offset) / bytes * height }
    var out = TextWriter()
    out.line(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(number(Self.size.width)) \(number(Self.size.height))\" font-family=\"sans-serif\" font-size=\"11\">")
    out.line("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>")
    out.line(text(margin.left, 20, "\(report.name) for \(report.target.name): arena \(NumberText.grouped(report.arenaBytes)) B, lower bound \(NumberText.grouped(report.arenaLowerBound)) B"))
    for (i, one) in report.lifetimes.enumerated() {
      let left = x(one.steps.lowerBound)
      let right = x(one.steps.upperBound + 1)
      let top = y(one.offset + one.bytes)
      let bottom = y(one.offset)
      let hue = i * 47 % 360
      out.line(
        "<rect x=\"\(number(left))\" y=\"\(number(top))\" width=\"\(number(right - left))\" height=\"\(number(bottom - top))\" fill=\"hsl(\(hue),60%,80%)\" stroke=\"#444\" stroke-width=\"0.5\"><title>\(XMLText.escaped(one.name)): \(one.bytes) B at \(one.offset), steps \(one.steps.lowerBound)-\(one.steps.upperBound)</title></rect>")
      if bottom - top > 12, right - left > 40 {
        let room = Int((right - left) / 6.5)
        out.line(text(left + 3, top + 12, String(one.name.prefix(room))))
      }
    }
    for share in 0...4 {
      let offset = report.arenaBytes * share / 4
      out.line(text(8, y(offset) + 4, NumberText.grouped(offset)))
    }
    let every = max(1, Int((steps / 16).rounded(.up)))
    for step in stride(from: 0, to: Int(steps), by: every) {
      out.line(text(x(step), Self.size.height - 20, "\(step)"))
    }
    out.line(text(margin.left, Self.size.height - 5, "step"))
    out.line("</svg>")
    return out.text
  }

  private func number(_ value: Double) -> String { NumberText.fixed(value, 1) }

  private func text(_ x: Double, _ y: Double, _ words: String) -> String {
    "<text x=\"\(number(x))\" y=\"\(number(y))\">\(XMLText.escaped(words))</text>"
  }
}

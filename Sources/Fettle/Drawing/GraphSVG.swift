// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

extension GraphPicture {
  /// The picture as SVG. Pointing at a box shows all of its text.
  var svg: String {
    let layout = GraphLayout(self)
    var out = TextWriter()
    let size = "viewBox=\"0 0 \(Self.number(layout.width)) \(Self.number(layout.height))\""
    let extent = "width=\"\(Self.number(layout.width))\" height=\"\(Self.number(layout.height))\""
    out.line(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" \(extent) \(size) font-family=\"monospace\" font-size=\"11\">")
    out.line("<title>\(XMLText.escaped(name))</title>")
    out.line("<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#555\"/></marker></defs>")
    out.line("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>")
    for path in layout.paths {
      out.line("<path d=\"\(Self.curve(path))\" fill=\"none\" stroke=\"#555\" marker-end=\"url(#arrow)\"/>")
    }
    for (node, place) in zip(nodes, layout.boxes) { Self.write(node, place, &out) }
    out.line("</svg>")
    return out.text
  }

  private static func write(_ node: Node, _ place: GraphLayout.Place, _ out: inout TextWriter) {
    let (left, top) = (place.x - place.width / 2, place.y - place.height / 2)
    let (fill, radius) = node.kind.look
    out.line("<g><title>\(XMLText.escaped(node.full))</title>")
    out.line(
      "<rect x=\"\(number(left))\" y=\"\(number(top))\" width=\"\(number(place.width))\" height=\"\(number(place.height))\" rx=\"\(radius)\" fill=\"\(fill)\" stroke=\"#333\"/>")
    for (i, line) in node.lines.enumerated() {
      let y = top + 14 + Double(i) * GraphLayout.lineHeight
      let weight = i == 0 ? " font-weight=\"bold\"" : ""
      out.line("<text x=\"\(number(left + 8))\" y=\"\(number(y))\"\(weight)>\(XMLText.escaped(line))</text>")
    }
    out.line("</g>")
  }

  /// A curve through points that leaves and meets each of them vertically.
  private static func curve(_ points: [(x: Double, y: Double)]) -> String {
    guard let first = points.first else { return "" }
    var text = "M\(number(first.x)) \(number(first.y))"
    for (from, to) in zip(points, points.dropFirst()) {
      let middle = (from.y + to.y) / 2
      text += "C\(number(from.x)) \(number(middle)) \(number(to.x)) \(number(middle)) \(number(to.x)) \(number(to.y))"
    }
    return text
  }

  private static func number(_ value: Double) -> String { NumberText.fixed(value, 1) }
}

extension GraphPicture.Kind {
  /// The colour of a box and the roundness of its corners.
  var look: (fill: String, radius: Int) {
    switch self {
    case .input, .output: ("#dce9f7", 14)
    case .constant: ("#f3e9d2", 0)
    case .heavy: ("#f7d9d4", 4)
    case .plain: ("#f2f2f2", 4)
    }
  }
}

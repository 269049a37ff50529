// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

extension GraphPicture {
  /// The picture in the language of Graphviz, which places it by `dot -Tsvg`.
  var dot: String {
    var out = TextWriter()
    out.line("digraph \"\(Self.escaped(name))\" {")
    out.line("  node [shape=box style=filled fontname=monospace fontsize=11]")
    for (i, node) in nodes.enumerated() {
      // Lines end by '\l': flush left.
      let label = node.lines.map { Self.escaped($0) + "\\l" }.joined()
      out.line("  n\(i) [label=\"\(label)\" fillcolor=\"\(node.kind.look.fill)\" tooltip=\"\(Self.escaped(node.full))\"]")
    }
    for edge in edges { out.line("  n\(edge.from) -> n\(edge.to)") }
    out.line("}")
    return out.text
  }

  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { out, c in
      switch c {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      default: if c.value >= 0x20 { out.unicodeScalars.append(c) }
      }
    }
  }
}

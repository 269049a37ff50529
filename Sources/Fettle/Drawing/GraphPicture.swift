// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// What is drawn of a graph: boxes with lines of text, and arrows. A constant that one op reads stands in that op's box; one that
/// several read is a box of its own.
struct GraphPicture {
  /// What a box stands for.
  enum Kind {
    case input
    case output
    case constant
    /// An op that is mostly multiply-accumulates.
    case heavy
    case plain
  }

  /// A box.
  struct Node {
    let kind: Kind
    /// Lines of text, the first of them the title.
    let lines: [String]
    /// What is shown where the text is too long for the box: all of it.
    let full: String
  }

  /// An arrow from a box to another, by their numbers.
  struct Edge: Hashable {
    let from: Int
    let to: Int
  }

  let name: String
  /// Every box stands behind those that it has arrows from.
  private(set) var nodes: [Node] = []
  private(set) var edges: [Edge] = []

  private let graph: Graph
  /// The box that makes a value; −1 for a constant inside of boxes.
  private var boxes = SideTable<ValueRecord, Int>(default: -1)

  /// The longest line that a box shows, in characters.
  static let longestLine = 44

  init(_ graph: Graph) {
    self.graph = graph
    name = graph.name
    for port in graph.inputs {
      boxes[port.value] = add(.input, [port.name, Self.sized(graph.type(of: port.value))])
    }
    for value in graph.constantIDs where !graph.hasSingleUse(value) {
      guard graph.type(of: value).shape.elementCount > 1, let constant = graph.constant(value) else {
        continue
      }
      boxes[value] = add(.constant, [constant.name, Self.sized(graph.type(of: value))])
    }
    for op in graph.opIDs { add(op) }
    for port in graph.outputs {
      let box = add(.output, [port.name, Self.sized(graph.type(of: port.value))])
      connect(port.value, to: box)
    }
  }

  private mutating func add(_ op: OpID) {
    let definition = graph.definition(of: op)
    let mnemonic = type(of: definition).name
    let layers = graph.location(of: op).layers
    var lines = [layers.isEmpty ? mnemonic : layers.joined(separator: " + ")]
    lines.append(definition.title)
    for result in graph.results(of: op) { lines.append("→ " + Self.sized(graph.type(of: result))) }
    var read: [ValueID] = []
    for case let operand? in graph.operands(of: op) where !read.contains(operand) { read.append(operand) }
    for operand in read where boxes[operand] < 0 {
      guard let constant = graph.constant(operand) else { continue }
      lines.append("\(constant.name) \(Self.sized(graph.type(of: operand)))")
    }
    let box = add(graph.multiplyAccumulates(of: op) > 0 ? .heavy : .plain, lines)
    for operand in read { connect(operand, to: box) }
    for result in graph.results(of: op) { boxes[result] = box }
  }

  private mutating func add(_ kind: Kind, _ lines: [String]) -> Int {
    let shown = lines.map { line in
      line.count <= Self.longestLine ? line : line.prefix(Self.longestLine - 1) + "…"
    }
    nodes.append(Node(kind: kind, lines: shown, full: lines.joined(separator: "\n")))
    return nodes.count - 1
  }

  private mutating func connect(_ value: ValueID, to box: Int) {
    guard boxes[value] >= 0 else { return }
    let edge = Edge(from: boxes[value], to: box)
    // An op's own operands are told apart already; two results of one op may still go to one box.
    if edges.last != edge { edges.append(edge) }
  }

  /// `f32[1,16,32,32]  65,536 B`.
  private static func sized(_ type: TensorType) -> String {
    "\(type)  \(NumberText.grouped(type.byteCount)) B"
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import Tensors

/// How a graph is printed.
public struct GraphTextOptions: Sendable {
  /// Constants of at most this many elements stand in the text; of larger ones only the digest does.
  public var inlineLimit = 16
  /// The `.safetensors` files, beside the text, in which a reader finds the large constants.
  public var sideFiles: [String] = []
  /// Comment lines at the head, without the slashes.
  public var banner: [String] = []

  /// Constants of up to 16 elements inline, no side files.
  public init() {}
}

extension Graph {
  /// The text form, which `parse` reads back as the same graph, and the tensors that it names by digest only, in the order of their
  /// appearance. The same graph gives the same text, byte for byte.
  public func text(
    _ options: GraphTextOptions = GraphTextOptions()
  ) -> (text: String, large: [(digest: String, tensor: Tensor)]) {
    var printer = GraphPrinter(self, options)
    printer.write()
    return (printer.out.text, printer.large)
  }
}

/// Writes the text form of a graph.
struct GraphPrinter {
  /// Hexadecimal digits of a digest that the text shows: enough to tell 2³² tensors apart.
  static let digestDigits = 16

  private let graph: Graph
  private let options: GraphTextOptions
  private let names: ValueNames
  private(set) var out = TextWriter()
  private(set) var large: [(digest: String, tensor: Tensor)] = []
  private var digests: Set<String> = []

  init(_ graph: Graph, _ options: GraphTextOptions) {
    self.graph = graph
    self.options = options
    names = ValueNames(graph)
  }

  mutating func write() {
    for line in options.banner {
      // A line break in a name must not end the comment.
      out.line("// " + line.split(whereSeparator: \.isNewline).joined(separator: " "))
    }
    for file in options.sideFiles { out.line("constants \(TextName.quoted(file))") }
    if !options.sideFiles.isEmpty { out.line() }
    let inputs = graph.inputs.map { input($0) }
    let outputs = graph.outputs.map { "\(TextName.text($0.name)): \(names.text($0.value))" }
    out.write("graph @\(TextName.text(graph.name))(")
    writeList(inputs)
    out.write(") -> (")
    writeList(outputs)
    out.line(") {")
    for value in graph.constantIDs {
      guard let constant = graph.constant(value) else { continue }
      let content = content(constant.tensor) { constant.digest }
      out.line("  \(names.text(value)) = \(typed(value)) \(content)")
    }
    for op in graph.opIDs { out.line("  " + operation(op)) }
    out.line("}")
  }

  /// On one line if that is short.
  private mutating func writeList(_ parts: [String]) {
    let length = parts.reduce(0) { $0 + $1.utf8.count + 2 }
    guard length > 72, parts.count > 1 else { return out.write(parts.joined(separator: ", ")) }
    out.line()
    for (i, part) in parts.enumerated() { out.line("  \(part)\(i + 1 < parts.count ? "," : "")") }
  }

  private mutating func input(_ port: InputPort) -> String {
    let name = names.name(port.value)
    let prefix = port.name == name ? "" : "\(TextName.text(port.name)): "
    let value = "\(prefix)\(names.text(port.value)): \(typed(port.value))"
    switch port.role {
    case .input: return value
    case .parameter: return "parameter \(value)"
    case .state(let initial):
      return "state \(value) = \(content(initial) { LazyDigest(initial).value })"
    }
  }

  /// The elements, or the digest of a tensor that goes elsewhere.
  private mutating func content(_ tensor: Tensor, digest: () -> String) -> String {
    if let list = ElementText.list(tensor, limit: options.inlineLimit) { return list }
    let digest = digest()
    if digests.insert(digest).inserted { large.append((digest, tensor)) }
    return "#" + digest.prefix(Self.digestDigits)
  }

  /// The type of a value with what is known of its channels.
  private func typed(_ value: ValueID) -> String {
    let type = graph.type(of: value).description
    guard let statistics = graph.statistics(of: value) else { return type }
    return "\(type) stats(mean=\(list(statistics.mean)), deviation=\(list(statistics.deviation)))"
  }

  private func list(_ floats: [Float]) -> String {
    let texts = floats.map { ElementText.text(UInt64($0.bitPattern), .f32) }
    return "[" + texts.joined(separator: ", ") + "]"
  }

  private func operation(_ op: OpID) -> String {
    let definition = graph.definition(of: op)
    let results = graph.results(of: op)
    var line = results.map { names.text($0) }.joined(separator: ", ")
    if !results.isEmpty { line += " = " }
    line += type(of: definition).name
    var operands = graph.operands(of: op)
    while case .some(.none) = operands.last { operands.removeLast() }
    if !operands.isEmpty {
      line += " " + operands.map { $0.map { names.text($0) } ?? "_" }.joined(separator: ", ")
    }
    let attributes = definition.attributeTexts
    if !attributes.isEmpty { line += " {" + attributes.joined(separator: ", ") + "}" }
    if !results.isEmpty { line += " : " + results.map { typed($0) }.joined(separator: ", ") }
    let layers = graph.location(of: op).layers
    if !layers.isEmpty {
      line += " loc(" + layers.map { TextName.quoted($0) }.joined(separator: ", ") + ")"
    }
    return line
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Parts of ops and values in words.
enum OpText {
  /// All attributes by name, defaults included.
  static func attributes(of definition: any OpDefinition) -> [(name: String, text: String)] {
    func list<Op: OpDefinition>(_ op: Op) -> [(name: String, text: String)] {
      Op.fields.map { ($0.name, $0.text(op)) }
    }
    return list(definition)
  }

  /// The name of an operand slot: `weight`, or `inputs[2]` of a variadic one.
  static func operand(_ slot: Int, of definition: any OpDefinition) -> String {
    func name<Op: OpDefinition>(_ op: Op) -> String {
      let names = Op.Operand.allCases.map { "\($0)" }
      if let variadic = Op.variadicOperand, slot >= variadic.rawValue {
        return "\(variadic)[\(slot - variadic.rawValue)]"
      }
      return slot < names.count ? names[slot] : "operand \(slot)"
    }
    return name(definition)
  }

  /// The mnemonic of an op.
  static func kind(_ op: OpID, in graph: Graph) -> String {
    type(of: graph.definition(of: op)).name
  }

  /// The layers of a location: `'conv1', 'bn1'`; empty without layers.
  static func layers(_ location: Location) -> String {
    location.layers.map { "'\($0)'" }.joined(separator: ", ")
  }

  /// An op for people: `conv of 'layer1/conv1'`, else by the name of its result.
  static func op(_ op: OpID, in graph: Graph) -> String {
    let layers = layers(graph.location(of: op))
    if !layers.isEmpty { return "\(kind(op, in: graph)) of \(layers)" }
    let name = graph.results(of: op).first.map { graph.name(of: $0) } ?? ""
    return name.isEmpty ? kind(op, in: graph) : "\(kind(op, in: graph)) that makes '\(name)'"
  }

  /// A value for people: a constant by type and digest, an input by its port, a result by name or
  /// op.
  static func value(_ value: ValueID, in graph: Graph) -> String {
    switch graph.source(of: value) {
    case .constant:
      return "constant \(graph.type(of: value)) #\((graph.constant(value)?.digest ?? "").prefix(8))"
    case .input(let position): return "input '\(graph.inputs[position].name)'"
    case .result(let op, let position):
      let name = graph.name(of: value)
      if !name.isEmpty { return "'\(name)'" }
      return (position > 0 ? "result \(position) of the " : "the result of the ")
        + self.op(op, in: graph)
    }
  }
}

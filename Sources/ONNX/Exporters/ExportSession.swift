// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// One export under way: the nodes so far and the name of each value.
final class ExportSession {
  private let graph: Graph
  private var proto = GraphProto()
  private var names: [ValueID: String] = [:]
  private var taken: Set<String> = [""]
  private var nodeNames: Set<String> = []
  private var initializers: Set<ValueID> = []
  private var constantNames: [Tensor.Key: String] = [:]
  private var nextNumber = 0

  init(_ graph: Graph) throws(Failure) {
    self.graph = graph
    proto.name = graph.name.isEmpty ? "model" : graph.name
  }

  func run() throws(Failure) -> GraphProto {
    for port in graph.inputs {
      let name = unique(port.name)
      names[port.value] = name
      proto.inputs.append(try info(name, graph.type(of: port.value)))
    }
    // An output's name is that of the op's result, unless it has one already.
    var outputNames: [String] = []
    for port in graph.outputs {
      let name = unique(port.name)
      outputNames.append(name)
      if graph.producer(of: port.value) != nil, names[port.value] == nil {
        names[port.value] = name
      }
      proto.outputs.append(try info(name, graph.type(of: port.value)))
    }
    var unsupported: [Diagnostic] = []
    for op in graph.opIDs {
      do throws(Failure) {
        try export(op)
      } catch {
        guard error.kind == .unsupported else { throw error }
        unsupported += error.diagnostics
      }
    }
    guard unsupported.isEmpty else { throw Failure(unsupported, kind: .unsupported) }
    for (port, name) in zip(graph.outputs, outputNames) where names[port.value] != name {
      addNode("Identity", [try self.name(of: port.value)], [name], [], location: Location())
    }
    return proto
  }

  private func export(_ op: OpID) throws(Failure) {
    let definition = graph.definition(of: op)
    let context = try ExportContext(session: self, graph: graph, op: op)
    guard let exportable = definition as? any Exportable else {
      throw context.unsupported("the op has no counterpart in ONNX")
    }
    try exportable.export(context)
  }

  /// The name of a value; a constant becomes an initializer when it is first named.
  func name(of value: ValueID) throws(Failure) -> String {
    if let known = names[value] { return known }
    let hint: String
    if let constant = graph.constant(value) { hint = constant.name } else { hint = graph.name(of: value) }
    let name = unique(hint)
    names[value] = name
    if let tensor = graph.tensor(value) {
      proto.initializers.append(try TensorProto(tensor, name: name))
    }
    return name
  }

  /// The name of a constant that the export adds; equal ones are one.
  func constant(_ tensor: Tensor) throws(Failure) -> String {
    let key = Tensor.Key(tensor)
    if let known = constantNames[key] { return known }
    let name = unique("")
    constantNames[key] = name
    proto.initializers.append(try TensorProto(tensor, name: name))
    return name
  }

  func addNode(
    _ operator: String, _ inputs: [String], _ outputs: [String], _ attributes: [AttributeProto],
    location: Location
  ) {
    var inputs = inputs
    while inputs.last == "" { inputs.removeLast() }
    var name = location.layers.joined(separator: "+")
    if !name.isEmpty {
      var number = 0
      let base = name
      while !nodeNames.insert(name).inserted {
        number += 1
        name = "\(base)_\(number)"
      }
    }
    proto.nodes.append(
      NodeProto(
        `operator`, inputs: inputs, outputs: outputs, name: name, attributes: attributes))
  }

  /// The name, or one made of it that nothing has yet.
  func unique(_ wanted: String) -> String {
    if !wanted.isEmpty, taken.insert(wanted).inserted { return wanted }
    let base = wanted.isEmpty ? "t" : wanted
    while true {
      let name = "\(base)_\(nextNumber)"
      nextNumber += 1
      if taken.insert(name).inserted { return name }
    }
  }

  private func info(_ name: String, _ type: TensorType) throws(Failure) -> ValueInfoProto {
    ValueInfoProto(name, TypeProto(.tensor(try TensorTypeProto(type))))
  }
}

extension Tensor {
  /// The type and the values of a small tensor, to look it up by.
  struct Key: Hashable {
    let type: TensorType
    let bits: [UInt64]

    init(_ tensor: Tensor) {
      type = tensor.type
      bits = tensor.doubles().map(\.bitPattern)
    }
  }
}

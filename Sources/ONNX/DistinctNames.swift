// SPDX-License-Identifier: Apache-2.0

/// Makes names of tensors differ as Swift's strings do. ONNX compares names by their bytes; strings are equal by canonical equivalence of
/// Unicode, for which "é" is one whether it is written as one scalar or as "e" and an accent.
struct DistinctNames {
  /// The spellings of each name that is not plain ASCII, in the order in which they are met.
  private var spellings: [String: [[UInt8]]] = [:]
  private var known: Set<[UInt8]> = []
  private var replacements: [[UInt8]: String] = [:]

  /// Renames all spellings of a name but the first, in a model that has several.
  static func apply(to model: inout ModelProto) {
    var names = DistinctNames()
    var visitor = model
    names.visit(&visitor) { names, name in names.collect(name) }
    guard names.spellings.contains(where: { $0.value.count > 1 }) else { return }
    names.choose()
    names.visit(&model) { names, name in
      if let other = names.replacements[Array(name.utf8)] { name = other }
    }
  }

  private mutating func collect(_ name: String) {
    guard name.utf8.contains(where: { $0 >= 0x80 }) else { return }
    let bytes = Array(name.utf8)
    if known.insert(bytes).inserted { spellings[name, default: []].append(bytes) }
  }

  private mutating func choose() {
    var taken = Set(spellings.keys)
    let ordered = spellings.sorted { $0.value[0].lexicographicallyPrecedes($1.value[0]) }
    for (name, forms) in ordered where forms.count > 1 {
      var number = 2
      for form in forms.dropFirst() {
        while !taken.insert("\(name)_\(number)").inserted { number += 1 }
        replacements[form] = "\(name)_\(number)"
      }
    }
  }

  private typealias Visit = (inout DistinctNames, inout String) -> Void

  private mutating func visit(_ model: inout ModelProto, _ body: Visit) {
    visit(&model.graph, body)
    for i in model.functions.indices {
      for j in model.functions[i].inputs.indices { body(&self, &model.functions[i].inputs[j]) }
      for j in model.functions[i].outputs.indices { body(&self, &model.functions[i].outputs[j]) }
      for j in model.functions[i].valueInfo.indices { body(&self, &model.functions[i].valueInfo[j].name) }
      visit(&model.functions[i].nodes, body)
    }
  }

  private mutating func visit(_ graph: inout GraphProto, _ body: Visit) {
    for i in graph.inputs.indices { body(&self, &graph.inputs[i].name) }
    for i in graph.outputs.indices { body(&self, &graph.outputs[i].name) }
    for i in graph.valueInfo.indices { body(&self, &graph.valueInfo[i].name) }
    for i in graph.initializers.indices { body(&self, &graph.initializers[i].name) }
    for i in graph.sparseInitializers.indices { body(&self, &graph.sparseInitializers[i].values.name) }
    visit(&graph.nodes, body)
  }

  private mutating func visit(_ nodes: inout [NodeProto], _ body: Visit) {
    for i in nodes.indices {
      for j in nodes[i].inputs.indices { body(&self, &nodes[i].inputs[j]) }
      for j in nodes[i].outputs.indices { body(&self, &nodes[i].outputs[j]) }
      for j in nodes[i].attributes.indices {
        switch nodes[i].attributes[j].value {
        case .graph(var graph):
          visit(&graph, body)
          nodes[i].attributes[j].value = .graph(graph)
        case .graphs(var graphs):
          for k in graphs.indices { visit(&graphs[k], body) }
          nodes[i].attributes[j].value = .graphs(graphs)
        default: break
        }
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// What no model may say twice, or leave out: checked over the whole model before anything is imported, so that it does not matter
/// whether an output depends on the place.
struct ModelCheck {
  private let model: ModelProto

  /// Throws if the model contradicts itself.
  static func run(_ model: ModelProto) throws(Failure) {
    let check = ModelCheck(model: model)
    try check.operatorSets(model.opsetImports, of: nil)
    var keys: Set<String> = []
    for function in model.functions {
      guard keys.insert(function.key).inserted else {
        throw Failure("it is defined twice", at: Origin(subject: function.subject))
      }
      try check.operatorSets(function.opsetImports, of: function.subject)
    }
    try check.graphs(from: model.graph)
    for function in model.functions {
      try check.once(function.inputs, "operand", at: function.subject)
      try check.once(function.outputs, "result", at: function.subject)
      try check.nodes(function.nodes, defined: names(function.inputs, "an operand of the function"))
      for node in function.nodes {
        for graph in node.graphs { try check.graphs(from: graph) }
      }
    }
  }

  private func operatorSets(
    _ imports: [OperatorSetIdProto], of subject: String?
  ) throws(Failure) {
    var versions: [String: Int64] = [:]
    for set in imports {
      let domain = set.domain.isEmpty ? "ai.onnx" : set.domain
      if let other = versions.updateValue(set.version, forKey: domain) {
        throw Failure(
          "operator set '\(domain)' is imported twice, as version \(other) and as \(set.version)",
          at: Origin(subject: subject))
      }
    }
  }

  /// A graph and all graphs inside of its nodes.
  private func graphs(from first: GraphProto) throws(Failure) {
    var pending = [first]
    while let graph = pending.popLast() {
      try self.graph(graph)
      for node in graph.nodes { pending += node.graphs }
    }
  }

  private func graph(_ graph: GraphProto) throws(Failure) {
    try once(graph.inputs.map(\.name), "input", at: nil)
    try once(graph.outputs.map(\.name), "output", at: nil)
    let initializers = graph.initializers + graph.sparseInitializers.map(\.values)
    var stored: [String: TensorProto] = [:]
    for tensor in initializers where !tensor.name.isEmpty {
      guard stored.updateValue(tensor, forKey: tensor.name) == nil else {
        throw Failure("it is stored twice", at: Origin(subject: tensor.subject))
      }
    }
    let dense = Dictionary(
      graph.initializers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for input in graph.inputs {
      if let tensor = dense[input.name] { try initializer(tensor, of: input) }
    }
    var defined = Self.names(graph.inputs.map(\.name), "an input")
    for name in stored.keys where defined[name] == nil { defined[name] = "an initializer" }
    try nodes(graph.nodes, defined: defined)
  }

  private static func names(_ names: [String], _ what: String) -> [String: String] {
    Dictionary(names.map { ($0, what) }, uniquingKeysWith: { first, _ in first })
  }

  private func once(_ names: [String], _ what: String, at subject: String?) throws(Failure) {
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw Failure("\(what) '\(name)' is declared twice", at: Origin(subject: subject))
    }
  }

  /// An initializer that is the default of an input has the input's type.
  private func initializer(_ tensor: TensorProto, of input: ValueInfoProto) throws(Failure) {
    guard let type = input.tensorType else { return }
    if type.elementType != 0, type.elementType != tensor.dataType {
      throw Failure(
        "it holds \(ONNXElementType.name(of: tensor.dataType)), as an input it is declared to hold "
          + ONNXElementType.name(of: type.elementType), at: Origin(subject: tensor.subject))
    }
    guard let shape = type.shape else { return }
    let agree = shape.count == tensor.dims.count
      && zip(shape, tensor.dims).allSatisfy { axis, extent in
        if case .value(let declared) = axis.extent { declared == extent } else { true }
      }
    guard agree else {
      throw Failure(
        "its shape is \(tensor.dims.map { Int($0) }.text), as an input it is declared otherwise",
        at: Origin(subject: tensor.subject))
    }
  }

  private func nodes(_ nodes: [NodeProto], defined: [String: String]) throws(Failure) {
    var defined = defined
    for node in nodes {
      for output in node.outputs where !output.isEmpty {
        if let other = defined.updateValue("computed by another node", forKey: output) {
          throw Failure("'\(output)' is \(other) already", at: Origin(subject: node.subject))
        }
      }
      try attributes(of: node)
    }
  }

  private func attributes(of node: NodeProto) throws(Failure) {
    let origin = Origin(subject: node.subject)
    var names: Set<String> = []
    for attribute in node.attributes where !names.insert(attribute.name).inserted {
      throw Failure("attribute '\(attribute.name)' is given twice", at: origin)
    }
    guard node.domain.isEmpty || node.domain == "ai.onnx" else { return }
    switch node.opType {
    case "If":
      for branch in ["then_branch", "else_branch"] where !names.contains(branch) {
        throw Failure("\(branch) is missing", at: origin)
      }
    case "Constant":
      let values = node.attributes.map(\.name).filter {
        $0 == "sparse_value" || $0.hasPrefix("value")
      }
      guard values.count <= 1 else {
        throw Failure("it has several values: \(values.joined(separator: ", "))", at: origin)
      }
    default: break
    }
  }
}

extension NodeProto {
  /// The branches and bodies.
  var graphs: [GraphProto] {
    attributes.flatMap { attribute -> [GraphProto] in
      switch attribute.value {
      case .graph(let graph): [graph]
      case .graphs(let several): several
      default: []
      }
    }
  }
}

extension FunctionProto {
  /// What the function is known by.
  var key: String { FunctionCall.key(domain, name, overload) }
  /// How diagnostics name it.
  var subject: String { "function '\(name)'" }
}

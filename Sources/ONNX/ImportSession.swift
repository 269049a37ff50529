// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// One import under way: the graph so far, what each name stands for, and what was found.
final class ImportSession {
  let model: ModelProto
  let options: ImportOptions
  var rewriter: Rewriter
  private(set) var warnings: [Diagnostic]
  private let ports: ModelPorts
  private let inputNames: Set<String>
  private let outputNames: Set<String>
  private let external: ExternalData
  private let functions: [String: FunctionProto]
  var frames: [ImportFrame] = []
  private var unsupported = UnsupportedNodes()
  /// Values that depend on an input.
  private var varying: Set<ValueID> = []
  /// Constant values that were evaluated.
  private var evaluated: [ValueID: Tensor] = [:]
  private var nodeCounts: [String: Int] = [:]
  private var nodesRead = 0

  init(model: ModelProto, file: String, options: ImportOptions, ports: ModelPorts) {
    self.model = model
    self.options = options
    self.ports = ports
    inputNames = Set(ports.inputs.map(\.name))
    outputNames = Set(model.graph.outputs.map(\.name))
    warnings = ports.warnings
    external = ExternalData(beside: file)
    rewriter = Rewriter(Graph(name: model.graph.name))
    functions = Dictionary(
      model.functions.map { ($0.key, $0) },
      uniquingKeysWith: { first, _ in first })
  }

  func warn(_ message: String, at origin: Origin, notes: [String] = []) {
    warnings.append(Diagnostic(message, severity: .warning, at: origin, notes: notes))
  }

  /// The graph of the model between the ports. Throws as `ONNXImporter.graph` does.
  func run() throws(Failure) -> Graph {
    try checkOpset()
    frames = [try modelFrame()]
    while let top = frames.indices.last {
      if frames[top].position == frames[top].nodes.count {
        if top == 0 { break }
        try leaveFrame()
        continue
      }
      let position = frames[top].position
      frames[top].position += 1
      guard frames[top].needed[position] else { continue }
      nodesRead += 1
      guard nodesRead <= ModelLimits.nodes else {
        throw Failure("with its functions written out, the model has more than \(ModelLimits.nodes) nodes")
      }
      try importNode(frames[top].nodes[position], number: position, frame: top)
    }
    try unsupported.throwIfAny()
    try addOutputs()
    removeUnread()
    return rewriter.graph
  }

  // MARK: Ports

  private func checkOpset() throws(Failure) {
    guard options.assumedOpset == nil else { return }
    guard let version = model.opsetVersion() ?? (model.opsetImports.isEmpty ? 1 : nil) else {
      return
    }
    guard version >= Int64(ONNXImporter.oldestOpset) else {
      throw Failure(
        "opset \(version) is not supported", notes: [
          "opsets \(ONNXImporter.oldestOpset) to \(ONNXImporter.newestOpset) are",
          "onnx.version_converter.convert_version(model, 13) brings a model to a newer one",
        ], kind: .unsupported)
    }
    let functions = model.functions.map { ($0.opsetImports.version(of: ""), $0.subject) }
    for case (let version?, let subject) in [(version, nil)] + functions
    where version > Int64(ONNXImporter.newestOpset) {
      throw Failure(
        "opset \(version) is newer than \(ONNXImporter.newestOpset), the newest that is known",
        at: Origin(subject: subject), notes: [
          "--assume-opset \(ONNXImporter.newestOpset) reads it as if it were that one",
        ], kind: .unsupported)
    }
  }

  private func modelFrame() throws(Failure) -> ImportFrame {
    let graph = model.graph
    let producers = NodeOrder.producers(graph.nodes)
    var names: [String: Binding] = [:]
    for tensor in graph.initializers where !tensor.name.isEmpty {
      names[tensor.name] = .initializer(tensor)
    }
    for tensor in graph.sparseInitializers where !tensor.values.name.isEmpty {
      names[tensor.values.name] = .sparseInitializer(tensor)
    }
    let known = Set(graph.inputs.map(\.name))
    for input in ports.inputs {
      guard known.contains(input.name) || producers[input.name] != nil
        || names[input.name] != nil
      else { throw unknownTensor(input.name, producers) }
      guard let type = input.type else {
        unreachable("a cut is typed before the import")
      }
      let value = rewriter.addInput(name: input.name, type: type)
      rewriter.setName(of: value, to: input.name)
      varying.insert(value)
      names[input.name] = .value(value)
    }
    return ImportFrame(
      nodes: graph.nodes,
      needed: NodeOrder.needed(
        graph.nodes, for: ports.outputs, producers: producers,
        stops: inputNames),
      names: names, opsets: model.opsetImports, produced: producers,
      declared: Self.declared(graph.valueInfo + graph.outputs))
  }

  /// What is said of values, by their names.
  static func declared(_ values: [ValueInfoProto]) -> [String: ValueInfoProto] {
    Dictionary(values.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private func unknownTensor(_ name: String, _ producers: [String: Int]) -> Failure {
    let known = model.graph.inputs.map(\.name) + model.graph.initializers.map(\.name)
      + model.graph.nodes.flatMap(\.outputs)
    return Failure(
      "the model has no tensor '\(name)'", notes: Spelling.notes(for: name, among: known))
  }

  private func addOutputs() throws(Failure) {
    let declared = Self.declared(model.graph.outputs)
    guard !ports.outputs.isEmpty else { throw Failure("the model has no outputs") }
    for name in ports.outputs {
      guard let value = try lookUp(name, frame: 0) else {
        if model.graph.inputs.contains(where: { $0.name == name }) {
          throw Failure("output '\(name)' is an input that --inputs leaves out")
        }
        throw unknownTensor(name, frames[0].produced)
      }
      rewriter.addOutput(name: name, value: value)
      try checkElement(of: value, declared[name], at: Origin(subject: "output '\(name)'"))
      if let shape = declared[name]?.tensorType?.shape {
        let ours = rewriter.graph.type(of: value).shape.extents
        let theirs = ports.knownExtents(shape)
        let agree = ours.count == theirs.count
          && zip(ours, theirs).allSatisfy { $1 == nil || $0 == $1 }
        if !agree {
          let text = theirs.map { $0.map(String.init) ?? "?" }.joined(separator: ",")
          warn(
            "the shape is \(ours.text), the model declares [\(text)]",
            at: Origin(subject: "output '\(name)'"))
        }
      }
    }
  }

  /// Removes the ops that no output depends on: what is left of constant arithmetic.
  private func removeUnread() {
    for op in rewriter.graph.opIDs.reversed() {
      let graph = rewriter.graph
      if graph.results(of: op).allSatisfy({ !graph.isUsed($0) }) { eraseUnread(op, graph) }
    }
  }

  private func eraseUnread(_ op: OpID, _ graph: consuming Graph) {
    _ = consume graph
    rewriter.erase(op)
  }

  // MARK: Nodes

  private func importNode(_ node: NodeProto, number: Int, frame: Int) throws(Failure) {
    let resolved = FunctionCall.resolve(node, frames[frame].attributes)
    let key = FunctionCall.key(resolved.domain, resolved.opType, resolved.overload)
    let operands = try operands(of: resolved, number: number, frame: frame)
    if let function = functions[key] {
      guard let operands else { return markMissing(resolved, frame) }
      return try enter(function, call: resolved, operands: operands, frame: frame)
    }
    let domain = resolved.domain == "ai.onnx" ? "" : resolved.domain
    guard let importer = ImporterTable.standard[resolved.opType, domain: domain] else {
      unsupported.noteUnknown(
        resolved, domain: domain, opset: opset(domain, frame: frame), cut: frames.count == 1)
      return markMissing(resolved, frame)
    }
    guard let operands else { return markMissing(resolved, frame) }
    let context = NodeContext(
      session: self, node: resolved, opset: opset(domain, frame: frame), operands: operands,
      location: location(of: resolved, frame: frame))
    do throws(Failure) {
      try importer.check(opset: context.opset)
      if resolved.opType == "If", domain.isEmpty { return try enterBranch(context, frame: frame) }
      let results = try importer.read(context)
      try context.checkAllIsRead()
      try define(resolved, results, frame: frame)
    } catch {
      let failure = error.located(subject: resolved.subject)
      guard failure.kind == .unsupported else { throw failure }
      for diagnostic in failure.diagnostics {
        unsupported.note(
          diagnostic, of: resolved, opset: context.opset, cut: frames.count == 1)
      }
      markMissing(resolved, frame)
    }
  }

  private func opset(_ domain: String, frame: Int) -> Int {
    if domain.isEmpty, let assumed = options.assumedOpset { return assumed }
    return Int(clamping: frames[frame].opsets.version(of: domain) ?? 1)
  }

  /// The values of a node's operands, or nil if one of them is the result of a node that is not
  /// supported.
  private func operands(
    of node: NodeProto, number: Int, frame: Int
  ) throws(Failure) -> [ValueID?]? {
    var operands: [ValueID?] = []
    var isComplete = true
    for name in node.inputs {
      if name.isEmpty {
        operands.append(nil)
      } else if case .missing = binding(name, frame: frame) {
        isComplete = false
      } else if let value = try lookUp(name, frame: frame) {
        operands.append(value)
      } else if frames[frame].produced[name] != nil {
        throw NodeOrder.failure(
          frames[frame].nodes, number, name, producers: frames[frame].produced)
      } else if frame == 0, model.graph.inputs.contains(where: { $0.name == name }) {
        throw Failure(
          "it depends on input '\(name)', which --inputs leaves out",
          at: Origin(subject: node.subject))
      } else {
        throw Failure(
          "'\(name)' is neither an input, nor a constant, nor computed by a node",
          at: Origin(subject: node.subject),
          notes: Spelling.nearest(to: name, among: frames[frame].names.keys.sorted())
            .map { ["did you mean '\($0)'?"] } ?? [])
      }
    }
    return isComplete ? operands : nil
  }

  /// The layer's name, or one made of the operator and a number.
  func location(of node: NodeProto, frame: Int) -> Location {
    let prefix = frames[frame].prefix
    if !node.name.isEmpty { return Location([prefix + node.name]) }
    let number = nodeCounts[prefix + node.opType, default: 0]
    nodeCounts[prefix + node.opType] = number + 1
    return Location(["\(prefix)\(node.opType)_\(number)"])
  }

  // MARK: Names

  func binding(_ name: String, frame: Int) -> Binding? {
    var next: Int? = frame
    while let number = next {
      if let found = frames[number].names[name] { return found }
      next = frames[number].parent
    }
    return nil
  }

  /// The value that a name stands for, nil if it stands for none (yet).
  func lookUp(_ name: String, frame: Int) throws(Failure) -> ValueID? {
    var next: Int? = frame
    while let number = next {
      guard let found = frames[number].names[name] else {
        next = frames[number].parent
        continue
      }
      let tensor: Tensor
      switch found {
      case .value(let value): return value
      case .missing: return nil
      case .initializer(let stored): tensor = try stored.decoded(external: external)
      case .sparseInitializer(let stored): tensor = try stored.decoded(external: external)
      }
      let value = rewriter.addConstant(tensor, name: name)
      frames[number].names[name] = .value(value)
      return value
    }
    return nil
  }

  private func define(
    _ node: NodeProto, _ results: [ValueID?], frame: Int
  ) throws(Failure) {
    for (position, name) in node.outputs.enumerated() where !name.isEmpty {
      guard position < results.count, let value = results[position] else {
        throw Failure(
          "result \(position) ('\(name)') is not supported", at: Origin(subject: node.subject),
          kind: .unsupported)
      }
      bind(name, .value(value), frame: frame)
      try checkDeclared(value, name, of: node, frame: frame)
      let graph = rewriter.graph
      let isNamed = !graph.name(of: value).isEmpty
      let isResult = graph.producer(of: value) != nil
      _ = consume graph
      if isResult, !isNamed { rewriter.setName(of: value, to: frames[frame].prefix + name) }
    }
  }

  /// Throws if the model declares another element type than a value has; tells of another shape. What is bound by
  /// the user is not what the model was declared with.
  private func checkDeclared(
    _ value: ValueID, _ name: String, of node: NodeProto, frame: Int
  ) throws(Failure) {
    guard let declared = frames[frame].declared[name] else { return }
    try checkElement(of: value, declared, at: Origin(subject: node.subject))
    let isOutput = frame == 0 && outputNames.contains(name)
    guard !isOutput, options.shapes.isEmpty, options.inputs.isEmpty,
      let shape = declared.tensorType?.shape
    else { return }
    let ours = rewriter.graph.type(of: value).shape.extents
    let agree = ours.count == shape.count
      && zip(ours, shape).allSatisfy { extent, axis in
        if case .value(let declared) = axis.extent { declared == extent } else { true }
      }
    if !agree {
      let text = shape.map { axis in
        if case .value(let extent) = axis.extent { "\(extent)" } else { "?" }
      }
      warn(
        "the shape of '\(name)' is \(ours.text), the model declares [\(text.joined(separator: ","))]",
        at: Origin(subject: node.subject))
    }
  }

  private func checkElement(
    of value: ValueID, _ declared: ValueInfoProto?, at origin: Origin
  ) throws(Failure) {
    guard let declared, let type = declared.tensorType, type.elementType != 0 else { return }
    let element = rewriter.graph.type(of: value).element
    guard ONNXElementType(rawValue: type.elementType)?.element != element else { return }
    throw Failure(
      "'\(declared.name)' is declared to hold \(ONNXElementType.name(of: type.elementType)), it holds "
        + element.rawValue, at: origin)
  }

  /// A tensor at which the user cuts keeps standing for the input.
  func bind(_ name: String, _ binding: Binding, frame: Int) {
    if frame == 0, inputNames.contains(name) { return }
    frames[frame].names[name] = binding
  }

  private func markMissing(_ node: NodeProto, _ frame: Int) {
    for name in node.outputs where !name.isEmpty { bind(name, .missing, frame: frame) }
  }

  // MARK: Values

  /// Adds an op; its results vary if an operand does.
  func insert(
    _ definition: any OpDefinition, _ operands: [ValueID?], location: Location
  ) throws(TypeMismatch) -> [ValueID] {
    let results = try rewriter.insert(definition, operands, location: location)
    if operands.contains(where: { $0.map(varying.contains) ?? false }) {
      varying.formUnion(results)
    }
    return results
  }

  /// The tensor that a value is, or nil if it depends on an input or can not be evaluated.
  func tensor(of value: ValueID) throws(Failure) -> Tensor? {
    if varying.contains(value) { return nil }
    if let known = rewriter.graph.tensor(value) ?? evaluated[value] { return known }
    let cone = ConstantCone(of: value, in: rewriter.graph, known: evaluated)
    guard let tensor = try options.evaluate(cone.graph, cone.result) else { return nil }
    guard tensor.type == rewriter.graph.type(of: value) else {
      throw Failure("the evaluator gave \(tensor.type) for \(rewriter.graph.type(of: value))")
    }
    evaluated[value] = tensor
    return tensor
  }

  func decoded(_ tensor: TensorProto) throws(Failure) -> Tensor {
    try tensor.decoded(external: external)
  }

  func decoded(_ tensor: SparseTensorProto) throws(Failure) -> Tensor {
    try tensor.decoded(external: external)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors

/// The inputs and outputs of an import: the model's own, or where the user cuts it.
struct ModelPorts {
  /// An input; its type is nil until the ops in front of the cut are known.
  struct Input {
    let name: String
    var type: TensorType?
  }

  private(set) var inputs: [Input] = []
  private(set) var outputs: [String] = []
  /// The extents of symbolic dimensions, as bound by the user or by default.
  private(set) var dimensions: [String: Int]
  private(set) var warnings: [Diagnostic] = []
  /// Dimensions that were bound to 1 for want of a better number, in order.
  private var defaulted: [String] = []

  /// The inputs at inner tensors whose type the model does not tell.
  var untypedInputs: [String] { inputs.filter { $0.type == nil }.map(\.name) }

  init(model: ModelProto, options: ImportOptions) throws(Failure) {
    dimensions = options.dimensions
    let graph = model.graph
    let initialized = Set(
      graph.initializers.map(\.name) + graph.sparseInitializers.map(\.values.name))
    let own = graph.inputs.filter { !initialized.contains($0.name) }
    try checkDimensionNames(graph, options)
    if let wrong = options.dimensions.filter({ $0.value < 0 }).keys.min() {
      throw Failure("dimension '\(wrong)' can not be negative", kind: .usage)
    }
    for input in own where options.inputs.isEmpty {
      inputs.append(Input(name: input.name, type: try declaredType(input, options)))
    }
    let declared = Dictionary(
      (own + graph.valueInfo + graph.outputs).map { ($0.name, $0) },
      uniquingKeysWith: { first, _ in first })
    var seen: Set<String> = []
    for name in options.inputs {
      guard seen.insert(name).inserted else {
        throw Failure("input '\(name)' is named twice", kind: .usage)
      }
      var type: TensorType?
      if let info = declared[name] {
        type = try Self.isComplete(info, options) ? declaredType(info, options) : nil
        if type == nil, own.contains(where: { $0.name == name }) {
          type = try declaredType(info, options)
        }
      }
      inputs.append(Input(name: name, type: type))
    }
    outputs = options.outputs.isEmpty ? graph.outputs.map(\.name) : options.outputs
    let ports = Set(inputs.map(\.name))
    for name in options.shapes.keys.sorted() where !ports.contains(name) {
      // The probe in front of a cut has other inputs than the user names.
      if options.inputs.isEmpty && !options.outputs.isEmpty { continue }
      throw Failure(
        "there is no input '\(name)' to give a shape to",
        notes: Spelling.notes(for: name, among: inputs.map(\.name)), kind: .usage)
    }
    if !defaulted.isEmpty {
      warnings.append(
        Diagnostic(
          "symbolic dimensions are taken as 1: " + defaulted.joined(separator: ", "),
          severity: .warning, notes: ["bind them with -d NAME=N, or an input with --shape NAME=AxBxC"]))
    }
  }

  mutating func setType(_ name: String, _ type: TensorType) {
    for i in inputs.indices where inputs[i].name == name { inputs[i].type = type }
  }

  private func checkDimensionNames(
    _ graph: GraphProto, _ options: ImportOptions
  ) throws(Failure) {
    var names: [String] = []
    for info in graph.inputs + graph.valueInfo + graph.outputs {
      for axis in info.tensorType?.shape ?? [] {
        if case .parameter(let name) = axis.extent, !names.contains(name) { names.append(name) }
      }
    }
    for name in options.dimensions.keys.sorted() where !names.contains(name) {
      throw Failure(
        "the model has no symbolic dimension '\(name)'",
        notes: Spelling.notes(for: name, among: names), kind: .usage)
    }
  }

  /// Whether a value's type follows from its declaration and what the user says.
  private static func isComplete(_ info: ValueInfoProto, _ options: ImportOptions) -> Bool {
    guard let type = info.tensorType,
      ONNXElementType(rawValue: type.elementType)?.element != nil
    else { return false }
    if options.shapes[info.name] != nil { return true }
    guard let shape = type.shape else { return false }
    return shape.allSatisfy { axis in
      switch axis.extent {
      case .unknown: false
      case .value(let value): value >= 0
      case .parameter(let name): options.dimensions[name] != nil
      }
    }
  }

  private mutating func declaredType(
    _ info: ValueInfoProto, _ options: ImportOptions
  ) throws(Failure) -> TensorType {
    let origin = Origin(subject: "input '\(info.name)'")
    guard let type = info.tensorType else {
      throw Failure("only tensors can be inputs", at: origin, kind: .unsupported)
    }
    guard let element = ONNXElementType(rawValue: type.elementType)?.element else {
      throw Failure(
        "elements of type \(ONNXElementType.name(of: type.elementType)) are not supported",
        at: origin, kind: .unsupported)
    }
    if let given = options.shapes[info.name] {
      if let declared = type.shape, declared.count != given.count {
        throw Failure(
          "the shape given has \(given.count) axes, the model declares \(declared.count)",
          at: origin, kind: .usage)
      }
      guard let shape = Shape(given) else {
        throw Failure("the shape given is negative or too large", at: origin, kind: .usage)
      }
      bind(type.shape ?? [], given)
      return TensorType(element, shape)
    }
    guard let declared = type.shape else {
      throw Failure(
        "the model does not say how many axes it has", at: origin,
        notes: ["give its shape with --shape \(info.name)=AxBxC"])
    }
    var extents: [Int] = []
    for (number, axis) in declared.enumerated() {
      extents.append(extent(axis, "\(info.name) axis \(number)"))
    }
    guard let shape = Shape(extents) else {
      throw Failure("the declared shape \(extents.text) is too large", at: origin)
    }
    return TensorType(element, shape)
  }

  /// A shape that the user gives binds the symbols it stands for in other inputs.
  private mutating func bind(_ declared: [DimensionProto], _ given: [Int]) {
    for (axis, extent) in zip(declared, given) {
      if case .parameter(let name) = axis.extent, dimensions[name] == nil {
        dimensions[name] = extent
      }
    }
  }

  private mutating func extent(_ axis: DimensionProto, _ place: String) -> Int {
    switch axis.extent {
    case .value(let value) where value >= 0: return Int(value)
    case .parameter(let name):
      if let bound = dimensions[name] { return bound }
      // An empty name says nothing, so it binds nothing.
      if !name.isEmpty { dimensions[name] = 1 }
      defaulted.append(name.isEmpty ? place : name)
      return 1
    case .value, .unknown:
      defaulted.append(place)
      return 1
    }
  }

  /// The extents that a declaration gives, nil where it does not.
  func knownExtents(_ declared: [DimensionProto]) -> [Int?] {
    declared.map { axis in
      switch axis.extent {
      case .value(let value): value >= 0 ? Int(value) : nil
      case .parameter(let name): dimensions[name]
      case .unknown: nil
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// An op that ONNX can express.
protocol Exportable: OpDefinition {
  /// Adds the nodes that compute the op's results.
  func export(_ op: ExportContext) throws(Failure)
}

/// What an exporter sees of an op, and by which it adds nodes.
struct ExportContext {
  /// The names of the operands; empty where one is absent.
  let operands: [String]
  let operandTypes: [TensorType?]
  let results: [String]
  let resultTypes: [TensorType]
  private let session: ExportSession
  private let location: Location
  private let mnemonic: String

  init(session: ExportSession, graph: Graph, op: OpID) throws(Failure) {
    self.session = session
    location = graph.location(of: op)
    mnemonic = Swift.type(of: graph.definition(of: op)).name
    var operands: [String] = []
    for operand in graph.operands(of: op) {
      operands.append(try operand.map { (value) throws(Failure) in try session.name(of: value) } ?? "")
    }
    self.operands = operands
    operandTypes = graph.operands(of: op).map { $0.map { graph.type(of: $0) } }
    var results: [String] = []
    for result in graph.results(of: op) { results.append(try session.name(of: result)) }
    self.results = results
    resultTypes = graph.results(of: op).map { graph.type(of: $0) }
  }

  func unsupported(_ message: String) -> Failure {
    let layer = location.layers.first ?? results.first ?? ""
    return Failure(
      message, at: Origin(subject: "op '\(layer)' (\(mnemonic))"), kind: .unsupported)
  }

  /// The name of an operand, empty if it is absent.
  func operand(_ slot: Int) -> String { slot < operands.count ? operands[slot] : "" }

  /// The type of an operand that is there.
  func type(_ slot: Int) throws(Failure) -> TensorType {
    guard slot < operandTypes.count, let type = operandTypes[slot] else {
      throw unsupported("operand \(slot) is absent")
    }
    return type
  }

  /// Adds a node and gives the name of its result; the op's own if `isLast`.
  @discardableResult
  func add(
    _ operator: String, _ inputs: [String], _ attributes: [AttributeProto] = [],
    isLast: Bool = false
  ) -> String {
    let output = isLast ? results[0] : session.unique("")
    session.addNode(`operator`, inputs, [output], attributes, location: location)
    return output
  }

  /// Adds the node that gives the op's only result.
  func finish(_ operator: String, _ inputs: [String], _ attributes: [AttributeProto] = []) {
    add(`operator`, inputs, attributes, isLast: true)
  }

  /// Adds a node of several results.
  func add(
    _ operator: String, _ inputs: [String], results: [String], _ attributes: [AttributeProto]
  ) {
    session.addNode(`operator`, inputs, results, attributes, location: location)
  }

  /// A name for a result that nobody reads.
  func spare() -> String { session.unique("") }

  /// A vector of integers.
  func ints(_ values: [Int]) throws(Failure) -> String {
    guard let shape = Shape([values.count]) else { throw unsupported("too many integers") }
    return try session.constant(
      Tensor(TensorType(.i64, shape), storage: values.map { Int64($0) }))
  }

  /// A vector of f32.
  func floats(_ values: [Double]) throws(Failure) -> String {
    guard let shape = Shape([values.count]) else { throw unsupported("too many numbers") }
    return try session.constant(Tensor(TensorType(.f32, shape), rounding: values))
  }

  func scalar(_ value: Double, _ element: ElementType) throws(Failure) -> String {
    try session.constant(Tensor(scalar: value, element))
  }

  /// A tensor of one repeated number.
  func filled(_ value: Double, _ type: TensorType) throws(Failure) -> String {
    let count = type.shape.elementCount
    // Short ones are written out: runtimes look for quantisation parameters among the initialisers.
    if count <= 1 << 12 {
      return try session.constant(Tensor(type, rounding: Array(repeating: value, count: count)))
    }
    let one = try scalar(value, type.element)
    return type.shape.rank == 0 ? one : add("Expand", [one, try ints(type.shape.extents)])
  }

  func cast(_ name: String, to element: ElementType) throws(Failure) -> String {
    add("Cast", [name], [try castAttribute(element)])
  }

  func castAttribute(_ element: ElementType) throws(Failure) -> AttributeProto {
    AttributeProto("to", .int(try number(of: element)))
  }

  /// The schema's number of an element type.
  func number(of element: ElementType) throws(Failure) -> Int64 {
    guard let type = ONNXElementType(element) else {
      throw unsupported("ONNX has no element type for \(element.rawValue)")
    }
    return Int64(type.rawValue)
  }

  /// A vector as a tensor that broadcasts along an axis of a rank.
  func along(_ name: String, _ type: TensorType, axis: Int, rank: Int) throws(Failure) -> String {
    guard type.shape.rank == 1, type.shape[0] != 1, axis < rank - 1 else { return name }
    return add("Reshape", [name, try ints([type.shape[0]] + Array(repeating: 1, count: rank - 1 - axis))])
  }
}

extension AttributeProto {
  init(_ name: String, ints: [Int]) { self.init(name, .ints(ints.map { Int64($0) })) }
  init(_ name: String, _ value: Int) { self.init(name, .int(Int64(value))) }
  init(_ name: String, _ value: Bool) { self.init(name, .int(value ? 1 : 0)) }
  init(_ name: String, _ value: Float) { self.init(name, .float(value)) }
}

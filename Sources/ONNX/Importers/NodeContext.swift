// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// What an importer sees of a node, and by which it adds ops. Failures it throws need not name the
/// node.
final class NodeContext {
  let node: NodeProto
  /// The version of the operators of the node's domain.
  let opset: Int
  /// The values by operand; nil where one is left out.
  private let operands: [ValueID?]
  let location: Location
  private let session: ImportSession
  private var attributesRead: Set<String> = []
  /// How many operands the importer has asked for: all up to the last of them.
  private var operandsRead = 0

  init(
    session: ImportSession, node: NodeProto, opset: Int, operands: [ValueID?], location: Location
  ) {
    self.session = session
    self.node = node
    self.opset = opset
    self.operands = operands
    self.location = location
  }

  // MARK: Failures

  /// A failure for a node that contradicts its operator.
  func failure(_ message: String) -> Failure {
    Failure(message, at: Origin(subject: node.subject))
  }

  /// A failure for a form of the operator that has no counterpart, with what would work.
  func unsupported(_ message: String, _ notes: String...) -> Failure {
    Failure(message, at: Origin(subject: node.subject), notes: notes, kind: .unsupported)
  }

  func warn(_ message: String) {
    session.warn(message, at: Origin(subject: node.subject))
  }

  // MARK: Operands

  /// An operand that must be there.
  func input(_ index: Int) throws(Failure) -> ValueID {
    guard let value = optional(index) else {
      throw failure("operand \(index) is missing")
    }
    return value
  }

  /// An operand, or nil if it is left out.
  func optional(_ index: Int) -> ValueID? {
    operandsRead = max(operandsRead, index + 1)
    return index < operands.count ? operands[index] : nil
  }

  /// How many operands there are, for operators that take any number of them.
  var operandCount: Int { operands.count }

  /// Whether the node has a name for a result.
  func wantsResult(_ index: Int) -> Bool { node.output(index) != nil }

  func type(_ value: ValueID) -> TensorType { session.rewriter.graph.type(of: value) }
  func extents(_ value: ValueID) -> [Int] { type(value).shape.extents }
  func rank(_ value: ValueID) -> Int { type(value).shape.rank }

  /// The tensor that an operand is, nil if it is left out or depends on an input.
  func constant(_ index: Int) throws(Failure) -> Tensor? {
    guard let value = optional(index) else { return nil }
    return try session.tensor(of: value)
  }

  /// The tensor that a value is, nil if it depends on an input.
  func tensor(of value: ValueID) throws(Failure) -> Tensor? { try session.tensor(of: value) }

  /// The tensor that an operand is; unsupported if it depends on an input.
  func requireConstant(_ index: Int, _ what: String) throws(Failure) -> Tensor {
    let value = try input(index)
    guard let tensor = try session.tensor(of: value) else {
      throw unsupported(
        "\(what) ('\(node.input(index) ?? "")') depends on an input of the model",
        "it is supported where \(what) can be computed when the model is read")
    }
    return tensor
  }

  /// The integers that an operand holds, nil if it is left out.
  func constantInts(_ index: Int, _ what: String) throws(Failure) -> [Int]? {
    guard optional(index) != nil else { return nil }
    let tensor = try requireConstant(index, what)
    guard tensor.element.isInteger, tensor.shape.rank <= 1 else {
      throw failure("\(what) is \(tensor.type), expected a list of integers")
    }
    return tensor.integers().map { Int($0) }
  }

  /// The scalar that an operand holds, nil if it is left out.
  func constantScalar(_ index: Int, _ what: String) throws(Failure) -> Double? {
    guard optional(index) != nil else { return nil }
    let tensor = try requireConstant(index, what)
    guard tensor.count == 1 else { throw failure("\(what) is \(tensor.type), expected a scalar") }
    return tensor.doubles()[0]
  }

  // MARK: Attributes

  private func note<Value>(_ name: String, _ value: Value) -> Value {
    attributesRead.insert(name)
    return value
  }

  func has(_ name: String) -> Bool { note(name, node.attribute(name) != nil) }
  func int(_ name: String) throws(Failure) -> Int? {
    note(name, try node.int(name).map { Int($0) })
  }
  func int(_ name: String, default value: Int) throws(Failure) -> Int { try int(name) ?? value }
  func flag(_ name: String, default value: Bool = false) throws(Failure) -> Bool {
    note(name, try node.flag(name, default: value))
  }
  func float(_ name: String) throws(Failure) -> Float? { note(name, try node.float(name)) }
  func float(_ name: String, default value: Float) throws(Failure) -> Float {
    note(name, try node.float(name, default: value))
  }
  func string(_ name: String, default value: String) throws(Failure) -> String {
    note(name, try node.string(name, default: value))
  }
  func ints(_ name: String) throws(Failure) -> [Int]? {
    note(name, try node.ints(name)?.map { Int($0) })
  }
  func floats(_ name: String) throws(Failure) -> [Float]? { note(name, try node.floats(name)) }
  func tensor(_ name: String) throws(Failure) -> Tensor? {
    guard let stored = note(name, try node.tensor(name)) else { return nil }
    return try session.decoded(stored)
  }
  func sparseTensor(_ name: String) throws(Failure) -> Tensor? {
    guard case .sparseTensor(let stored)? = note(name, node.attribute(name)?.value) else {
      return nil
    }
    return try session.decoded(stored)
  }

  /// Marks attributes as known that have no effect at inference.
  func ignore(_ names: String...) { attributesRead.formUnion(names) }

  /// An attribute that is one of some words.
  func word<Word: RawRepresentable & CaseIterable>(
    _ name: String, default value: Word
  ) throws(Failure) -> Word where Word.RawValue == String {
    let text = try string(name, default: value.rawValue)
    guard let word = Word(rawValue: text) else {
      let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw failure("\(name) is '\(text)'; known: \(known)")
    }
    return word
  }

  /// Warns of attributes that the operator does not have; throws if there are more operands than
  /// it takes.
  func checkAllIsRead() throws(Failure) {
    if let index = operands.indices.first(where: { $0 >= operandsRead && operands[$0] != nil }) {
      throw failure(
        "operand \(index) ('\(node.input(index) ?? "")') is one too many: "
          + "\(node.opType) takes \(operandsRead)")
    }
    for attribute in node.attributes where !attributesRead.contains(attribute.name) {
      warn("attribute '\(attribute.name)' is not known and has no effect")
    }
  }

  // MARK: Axes and sizes

  /// The axis that a number from −rank to rank−1 means; negative ones where the operator has them.
  func axis(_ number: Int, rank: Int) throws(Failure) -> Int {
    if number < 0, node.domain.isEmpty || node.domain == "ai.onnx",
      let since = NegativeAxes.since[node.opType], opset < since
    {
      let what = "axis \(number) is negative, which \(node.opType) has since opset \(since); this is opset \(opset)"
      guard NegativeAxes.tolerated.contains(node.opType) else {
        throw Failure(
          what, at: Origin(subject: node.subject),
          notes: ["--assume-opset \(since) reads the model by that"])
      }
      warn("\(what); it is counted from the end")
    }
    guard number >= -rank, number < rank else {
      throw failure("axis \(number) is outside of rank \(rank)")
    }
    return number < 0 ? number + rank : number
  }

  /// The axes that some numbers mean, each at most once.
  func axes(_ numbers: [Int], rank: Int) throws(Failure) -> [Int] {
    var axes: [Int] = []
    for number in numbers {
      let axis = try axis(number, rank: rank)
      guard !axes.contains(axis) else { throw failure("axis \(number) is named twice") }
      axes.append(axis)
    }
    return axes
  }

  /// The shape with these extents.
  func shape(_ extents: [Int]) throws(Failure) -> Shape {
    guard let shape = Shape(extents) else {
      throw failure("the shape \(extents.text) is negative or too large")
    }
    return shape
  }

  // MARK: Ops

  /// Adds an op with one result.
  func insert(
    _ definition: any OpDefinition, _ operands: ValueID?...
  ) throws(Failure) -> ValueID {
    try insert(definition, all: operands)
  }

  /// Adds an op with one result.
  func insert(
    _ definition: any OpDefinition, all operands: [ValueID?]
  ) throws(Failure) -> ValueID {
    do throws(TypeMismatch) {
      return try session.insert(definition, operands, location: location)[0]
    } catch {
      throw failure(error.description)
    }
  }

  /// Adds a constant.
  func add(_ tensor: Tensor, name: String? = nil) -> ValueID {
    session.rewriter.addConstant(tensor, name: name ?? node.output(0) ?? "")
  }
}

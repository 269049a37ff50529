// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// One operation of a graph. Device configurations are not kept.
public struct NodeProto: ProtobufMessage {
  /// The names of the operands; an empty one stands for an operand that is left out.
  public var inputs: [String] = []
  /// The names of the results; an empty one stands for a result that nobody needs.
  public var outputs: [String] = []
  /// The layer's name, for people; may be empty.
  public var name = ""
  /// The operator, as in `Conv`.
  public var opType = ""
  /// Who defines the operator; empty for the standard ones.
  public var domain = ""
  /// Which of several functions of one name is meant.
  public var overload = ""
  /// The constants, at most one of a name.
  public var attributes: [AttributeProto] = []
  /// A comment for people.
  public var docString = ""
  /// Free notes.
  public var metadata: [StringEntryProto] = []

  /// A node without anything in it.
  public init() {}

  /// A node of an operator.
  public init(
    _ opType: String, inputs: [String], outputs: [String], name: String = "",
    domain: String = "", attributes: [AttributeProto] = []
  ) {
    self.opType = opType
    self.inputs = inputs
    self.outputs = outputs
    self.name = name
    self.domain = domain
    self.attributes = attributes
  }

  /// How diagnostics name the node: `node 'stem/conv' (Conv)`, by its first result if it has no
  /// name.
  public var subject: String {
    let op = domain.isEmpty || domain == "ai.onnx" ? opType : "\(domain).\(opType)"
    if !name.isEmpty { return "node '\(name)' (\(op))" }
    guard let result = outputs.first(where: { !$0.isEmpty }) else { return "a node (\(op))" }
    return "node of '\(result)' (\(op))"
  }

  /// The name of an operand, or nil if it is left out.
  public func input(_ index: Int) -> String? {
    guard inputs.indices.contains(index), !inputs[index].isEmpty else { return nil }
    return inputs[index]
  }

  /// The name of a result, or nil if it is left out.
  public func output(_ index: Int) -> String? {
    guard outputs.indices.contains(index), !outputs[index].isEmpty else { return nil }
    return outputs[index]
  }

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: try reader.append(to: &inputs)
      case 2: try reader.append(to: &outputs)
      case 3: name = try reader.string()
      case 4: opType = try reader.string()
      case 5: try reader.append(to: &attributes)
      case 6: docString = try reader.string()
      case 7: domain = try reader.string()
      case 8: overload = try reader.string()
      case 9: try reader.append(to: &metadata)
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.strings(1, inputs)
    writer.strings(2, outputs)
    writer.string(3, name)
    writer.string(4, opType)
    writer.messages(5, attributes)
    writer.string(6, docString)
    writer.string(7, domain)
    writer.string(8, overload)
    writer.messages(9, metadata)
  }
}

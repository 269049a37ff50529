// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// An operator that the model defines by a graph of its own.
public struct FunctionProto: ProtobufMessage {
  /// The operator's name in its domain.
  public var name = ""
  /// Who defines it; empty for the standard.
  public var domain = ""
  /// Which of several functions of one name it is.
  public var overload = ""
  /// The names of the operands inside.
  public var inputs: [String] = []
  /// The names of the results inside.
  public var outputs: [String] = []
  /// The names of the attributes that a caller must give.
  public var attributes: [String] = []
  /// The attributes that a caller may give, with their defaults.
  public var attributeDefaults: [AttributeProto] = []
  /// The operations; each uses only what comes before it.
  public var nodes: [NodeProto] = []
  /// A comment for people.
  public var docString = ""
  /// The operator sets that the nodes are of.
  public var opsetImports: [OperatorSetIdProto] = []
  /// Types of values inside, as far as the exporter knew them.
  public var valueInfo: [ValueInfoProto] = []
  /// Free notes.
  public var metadata: [StringEntryProto] = []

  /// A function without anything in it.
  public init() {}

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: name = try reader.string()
      case 4: try reader.append(to: &inputs)
      case 5: try reader.append(to: &outputs)
      case 6: try reader.append(to: &attributes)
      case 7: try reader.append(to: &nodes)
      case 8: docString = try reader.string()
      case 9: try reader.append(to: &opsetImports)
      case 10: domain = try reader.string()
      case 11: try reader.append(to: &attributeDefaults)
      case 12: try reader.append(to: &valueInfo)
      case 13: overload = try reader.string()
      case 14: try reader.append(to: &metadata)
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.string(1, name)
    writer.strings(4, inputs)
    writer.strings(5, outputs)
    writer.strings(6, attributes)
    writer.messages(7, nodes)
    writer.string(8, docString)
    writer.messages(9, opsetImports)
    writer.string(10, domain)
    writer.messages(11, attributeDefaults)
    writer.messages(12, valueInfo)
    writer.string(13, overload)
    writer.messages(14, metadata)
  }
}

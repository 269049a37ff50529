// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// Nodes in topological order with the tensors that they start from.
public struct GraphProto: ProtobufMessage {
  /// The operations; each uses only what comes before it.
  public var nodes: [NodeProto] = []
  /// The name of the graph.
  public var name = ""
  /// The constants. Up to IR version 3 each is listed in `inputs` as well.
  public var initializers: [TensorProto] = []
  /// The constants that are stored as their nonzero elements; the name is that of `values`.
  public var sparseInitializers: [SparseTensorProto] = []
  /// A comment for people.
  public var docString = ""
  /// What is given from outside; an initializer of the same name is its default.
  public var inputs: [ValueInfoProto] = []
  /// What is computed for outside.
  public var outputs: [ValueInfoProto] = []
  /// Types of values in between, as far as the exporter knew them.
  public var valueInfo: [ValueInfoProto] = []
  /// Scales and zero points of values, by the names of their tensors.
  public var quantizationAnnotations: [TensorAnnotationProto] = []
  /// Free notes.
  public var metadata: [StringEntryProto] = []

  /// A graph without anything in it.
  public init() {}

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: try reader.append(to: &nodes)
      case 2: name = try reader.string()
      case 5: try reader.append(to: &initializers)
      case 10: docString = try reader.string()
      case 11: try reader.append(to: &inputs)
      case 12: try reader.append(to: &outputs)
      case 13: try reader.append(to: &valueInfo)
      case 14: try reader.append(to: &quantizationAnnotations)
      case 15: try reader.append(to: &sparseInitializers)
      case 16: try reader.append(to: &metadata)
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.messages(1, nodes)
    writer.string(2, name)
    writer.messages(5, initializers)
    writer.string(10, docString)
    writer.messages(11, inputs)
    writer.messages(12, outputs)
    writer.messages(13, valueInfo)
    writer.messages(14, quantizationAnnotations)
    writer.messages(15, sparseInitializers)
    writer.messages(16, metadata)
  }
}

/// The tensors that hold the quantization parameters of one value.
public struct TensorAnnotationProto: ProtobufMessage {
  /// The value.
  public var tensorName = ""
  /// `SCALE_TENSOR`, `ZERO_POINT_TENSOR` … with the names of tensors.
  public var parameterNames: [StringEntryProto] = []

  /// An annotation of nothing.
  public init() {}

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: tensorName = try reader.string()
      case 2: try reader.append(to: &parameterNames)
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.string(1, tensorName)
    writer.messages(2, parameterNames)
  }
}

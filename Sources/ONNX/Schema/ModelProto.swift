// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// A whole model. Training information and device configurations are not kept.
public struct ModelProto: ProtobufMessage {
  /// The version of the file format, 3 to 14 today.
  public var irVersion: Int64 = 0
  /// The operator sets that the nodes are of; at most one of each domain.
  public var opsetImports: [OperatorSetIdProto] = []
  /// The tool that wrote the model.
  public var producerName = ""
  /// The tool's version.
  public var producerVersion = ""
  /// A reversed domain name that owns the model.
  public var domain = ""
  /// The model's own version.
  public var modelVersion: Int64 = 0
  /// A comment for people.
  public var docString = ""
  /// What is computed.
  public var graph = GraphProto()
  /// Free notes.
  public var metadata: [StringEntryProto] = []
  /// The model's own operators.
  public var functions: [FunctionProto] = []

  /// A model without anything in it.
  public init() {}

  /// The version of the operator set of a domain, or nil if the model does not import it. The
  /// standard domain is `""`, also spelt `ai.onnx`.
  public func opsetVersion(of domain: String = "") -> Int64? {
    opsetImports.version(of: domain)
  }

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: irVersion = try reader.int64()
      case 2: producerName = try reader.string()
      case 3: producerVersion = try reader.string()
      case 4: domain = try reader.string()
      case 5: modelVersion = try reader.int64()
      case 6: docString = try reader.string()
      case 7: try reader.message(into: &graph)
      case 8: try reader.append(to: &opsetImports)
      case 14: try reader.append(to: &metadata)
      case 25: try reader.append(to: &functions)
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.int64(1, irVersion, always: true)
    writer.string(2, producerName)
    writer.string(3, producerVersion)
    writer.string(4, domain)
    writer.int64(5, modelVersion)
    writer.string(6, docString)
    writer.message(7, graph)
    writer.messages(8, opsetImports)
    writer.messages(14, metadata)
    writer.messages(25, functions)
  }
}

/// The version of one operator set.
public struct OperatorSetIdProto: ProtobufMessage {
  /// Who defines the operators; empty for the standard ones.
  public var domain = ""
  /// The version, from 1.
  public var version: Int64 = 0

  /// Version 0 of the standard operators, which does not exist.
  public init() {}

  /// A version of the operators of a domain.
  public init(domain: String = "", version: Int64) {
    self.domain = domain
    self.version = version
  }

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: domain = try reader.string()
      case 2: version = try reader.int64()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.string(1, domain, always: true)
    writer.int64(2, version, always: true)
  }
}

extension [OperatorSetIdProto] {
  /// The version of the operator set of a domain (`ai.onnx` is the same as `""`), or nil.
  public func version(of domain: String) -> Int64? {
    func standard(_ name: String) -> String { name == "ai.onnx" ? "" : name }
    return first { standard($0.domain) == standard(domain) }?.version
  }
}

/// A key with its value.
public struct StringEntryProto: ProtobufMessage {
  /// What the value is for.
  public var key = ""
  /// What is noted.
  public var value = ""

  /// An empty key with an empty value.
  public init() {}

  /// A key with its value.
  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: key = try reader.string()
      case 2: value = try reader.string()
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.string(1, key, always: true)
    writer.string(2, value, always: true)
  }
}

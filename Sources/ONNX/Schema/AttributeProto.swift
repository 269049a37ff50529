// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// A named constant of a node.
public struct AttributeProto: ProtobufMessage {
  /// What an attribute holds; the raw value is the schema's.
  public enum Kind: Int32, Sendable, CaseIterable {
    case undefined = 0
    case float, int, string, tensor, graph, floats, ints, strings, tensors, graphs
    case sparseTensor, sparseTensors, typeProto, typeProtos

    /// The schema's name, as in `FLOATS`.
    public var name: String {
      switch self {
      case .sparseTensor: "SPARSE_TENSOR"
      case .sparseTensors: "SPARSE_TENSORS"
      case .typeProto: "TYPE_PROTO"
      case .typeProtos: "TYPE_PROTOS"
      default: "\(self)".uppercased()
      }
    }
  }

  /// An attribute's value. Strings are bytes: nothing says that they are UTF-8.
  public enum Value: Equatable, Sendable {
    case undefined
    case float(Float)
    case int(Int64)
    case string(Bytes)
    indirect case tensor(TensorProto)
    indirect case graph(GraphProto)
    case floats([Float])
    case ints([Int64])
    case strings([Bytes])
    case tensors([TensorProto])
    case graphs([GraphProto])
    indirect case sparseTensor(SparseTensorProto)
    case sparseTensors([SparseTensorProto])
    indirect case typeProto(TypeProto)
    case typeProtos([TypeProto])
    /// The value that the caller of the function gives to its attribute of this name.
    case reference(String, Kind)

    /// What the attribute holds (for a reference: will hold).
    public var kind: Kind {
      switch self {
      case .undefined: .undefined
      case .float: .float
      case .int: .int
      case .string: .string
      case .tensor: .tensor
      case .graph: .graph
      case .floats: .floats
      case .ints: .ints
      case .strings: .strings
      case .tensors: .tensors
      case .graphs: .graphs
      case .sparseTensor: .sparseTensor
      case .sparseTensors: .sparseTensors
      case .typeProto: .typeProto
      case .typeProtos: .typeProtos
      case .reference(_, let kind): kind
      }
    }
  }

  /// The name; may be empty.
  public var name = ""
  /// A comment for people.
  public var docString = ""
  /// What it holds.
  public var value = Value.undefined

  /// An attribute without anything in it.
  public init() {}

  /// An attribute of a name.
  public init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }

  /// An attribute that holds a text.
  public init(_ name: String, text: String) {
    self.init(name, .string(Bytes(Array(text.utf8))))
  }

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    var fields = AttributeFields()
    try fields.read(&reader)
    name = fields.name
    docString = fields.docString
    value = fields.value
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.string(1, name)
    switch value {
    case .float(let value): writer.float(2, value)
    case .int(let value): writer.int64(3, value, always: true)
    case .string(let value): writer.bytes(4, value)
    case .tensor(let value): writer.message(5, value)
    case .graph(let value): writer.message(6, value)
    case .floats(let values): writer.floats(7, values)
    case .ints(let values): writer.int64s(8, values)
    case .strings(let values): for value in values { writer.bytes(9, value) }
    case .tensors(let values): writer.messages(10, values)
    case .graphs(let values): writer.messages(11, values)
    case .typeProto(let value): writer.message(14, value)
    case .typeProtos(let values): writer.messages(15, values)
    case .sparseTensor(let value): writer.message(22, value)
    case .sparseTensors(let values): writer.messages(23, values)
    case .undefined, .reference: break
    }
    writer.string(13, docString)
    writer.int32(20, value.kind.rawValue)
    if case .reference(let name, _) = value { writer.string(21, name) }
  }
}

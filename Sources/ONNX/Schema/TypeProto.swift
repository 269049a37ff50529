// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// A value's name and type.
public struct ValueInfoProto: ProtobufMessage {
  /// The name; may be empty.
  public var name = ""
  /// The type, or nil if it is not said.
  public var type: TypeProto?
  /// A comment for people.
  public var docString = ""
  /// Free notes.
  public var metadata: [StringEntryProto] = []

  /// A value without a name or type.
  public init() {}

  /// A value of a type.
  public init(_ name: String, _ type: TypeProto? = nil) {
    self.name = name
    self.type = type
  }

  /// The element type and the extents if the value is a tensor.
  public var tensorType: TensorTypeProto? {
    if case .tensor(let tensor) = type?.kind { tensor } else { nil }
  }

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: name = try reader.string()
      case 2:
        var merged = type ?? TypeProto()
        try reader.message(into: &merged)
        type = merged
      case 3: docString = try reader.string()
      case 4: try reader.append(to: &metadata)
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.string(1, name)
    if let type { writer.message(2, type) }
    writer.string(3, docString)
    writer.messages(4, metadata)
  }
}

/// The type of a value.
public struct TypeProto: ProtobufMessage {
  /// What a value is.
  public enum Kind: Equatable, Sendable {
    case none
    case tensor(TensorTypeProto)
    case sparseTensor(TensorTypeProto)
    indirect case sequence(of: TypeProto)
    indirect case optional(of: TypeProto)
    /// The key is an element type's number.
    indirect case map(from: Int32, to: TypeProto)
    case opaque(domain: String, name: String)
  }

  /// What a value is.
  public var kind = Kind.none
  /// A standard word for what the value means, as in `IMAGE`.
  public var denotation = ""

  /// No type.
  public init() {}

  /// A type of a kind.
  public init(_ kind: Kind) { self.kind = kind }

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: kind = .tensor(try reader.message())
      case 4: kind = .sequence(of: try Self.fields(&reader).1)
      case 5:
        let (key, value) = try Self.fields(&reader)
        kind = .map(from: key, to: value)
      case 6: denotation = try reader.string()
      case 7: kind = try Self.opaque(&reader)
      case 8: kind = .sparseTensor(try reader.message())
      case 9: kind = .optional(of: try Self.fields(&reader).1)
      default: try reader.skip()
      }
    }
  }

  /// The parts of a sequence (1: element), an optional (1: element) or a map (1: key, 2: value).
  private static func fields(
    _ reader: inout ProtobufReader
  ) throws(Failure) -> (Int32, TypeProto) {
    let isMap = reader.fieldNumber == 5
    var inner = try reader.nested()
    var key: Int32 = 0
    var type = TypeProto()
    while let number = try inner.nextField() {
      switch (number, isMap) {
      case (1, true): key = try inner.int32()
      case (1, false), (2, true): try inner.message(into: &type)
      default: try inner.skip()
      }
    }
    return (key, type)
  }

  private static func opaque(_ reader: inout ProtobufReader) throws(Failure) -> Kind {
    var inner = try reader.nested()
    var (domain, name) = ("", "")
    while let number = try inner.nextField() {
      switch number {
      case 1: domain = try inner.string()
      case 2: name = try inner.string()
      default: try inner.skip()
      }
    }
    return .opaque(domain: domain, name: name)
  }

  public func write(to writer: inout ProtobufWriter) {
    switch kind {
    case .none: break
    case .tensor(let type): writer.message(1, type)
    case .sparseTensor(let type): writer.message(8, type)
    case .sequence(let element): writer.nested(4) { $0.message(1, element) }
    case .optional(let element): writer.nested(9) { $0.message(1, element) }
    case .map(let key, let value):
      writer.nested(5) {
        $0.int32(1, key)
        $0.message(2, value)
      }
    case .opaque(let domain, let name):
      writer.nested(7) {
        $0.string(1, domain)
        $0.string(2, name)
      }
    }
    writer.string(6, denotation)
  }
}

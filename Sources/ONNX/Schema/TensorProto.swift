// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// A tensor as stored; `decoded` gives its elements.
public struct TensorProto: ProtobufMessage {
  /// The extents, which the file may give as negative.
  public var dims: [Int64] = []
  /// The element type's number.
  public var dataType: Int32 = 0
  /// Whether the file says that this is one part of a larger tensor, which no tool writes.
  public var isSegment = false
  /// FLOAT and COMPLEX64 elements, little-endian, four bytes a number.
  public var floatData = Bytes()
  /// Elements of at most 32 bits but UINT32, sub-byte ones packed into one byte a number.
  public var int32Data: [Int32] = []
  /// STRING elements.
  public var stringData: [Bytes] = []
  /// INT64 elements.
  public var int64Data: [Int64] = []
  /// The name; may be empty.
  public var name = ""
  /// All elements, little-endian and sub-byte ones packed, or nil if they are elsewhere.
  public var rawData: Bytes?
  /// DOUBLE and COMPLEX128 elements, little-endian, eight bytes a number.
  public var doubleData = Bytes()
  /// UINT32 and UINT64 elements.
  public var uint64Data: [UInt64] = []
  /// A comment for people.
  public var docString = ""
  /// Where the elements are in another file: `location`, `offset`, `length`, `checksum`.
  public var externalData: [StringEntryProto] = []
  /// 0 for elements in this message, 1 for elements in another file.
  public var dataLocation: Int32 = 0
  /// Free notes.
  public var metadata: [StringEntryProto] = []

  /// A tensor without anything in it.
  public init() {}

  /// Whether the elements are in another file.
  public var isExternal: Bool { dataLocation == 1 }

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    var floats = FixedValues(floatData)
    var doubles = FixedValues(doubleData)
    while let number = try reader.nextField() {
      switch number {
      case 1: try reader.int64s(into: &dims)
      case 2: dataType = try reader.int32()
      case 3:
        isSegment = true
        try reader.skip()
      case 4: floats.append(try reader.fixed(width: 4))
      case 5: try reader.int32s(into: &int32Data)
      case 6: stringData.append(try reader.bytes())
      case 7: try reader.int64s(into: &int64Data)
      case 8: name = try reader.string()
      case 9: rawData = try reader.bytes()
      case 10: doubles.append(try reader.fixed(width: 8))
      case 11: try reader.uint64s(into: &uint64Data)
      case 12: docString = try reader.string()
      case 13: try reader.append(to: &externalData)
      case 14: dataLocation = try reader.int32()
      case 16: try reader.append(to: &metadata)
      default: try reader.skip()
      }
    }
    floatData = floats.bytes
    doubleData = doubles.bytes
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.int64s(1, dims)
    writer.int32(2, dataType, always: true)
    if isSegment { writer.nested(3) { _ in } }
    writer.packed(4, fixed: floatData)
    writer.packed(5, int32Data.lazy.map { UInt64(bitPattern: Int64($0)) })
    for value in stringData { writer.bytes(6, value) }
    writer.packed(7, int64Data.lazy.map { UInt64(bitPattern: $0) })
    writer.string(8, name)
    if let rawData { writer.bytes(9, rawData) }
    writer.packed(10, fixed: doubleData)
    writer.packed(11, uint64Data)
    writer.string(12, docString)
    writer.messages(13, externalData)
    writer.int32(14, dataLocation)
    writer.messages(16, metadata)
  }
}

/// Fixed-width values that come in one run, as good writers store them, or in several: a view in
/// the first case, one growing copy in the other.
private struct FixedValues {
  private var view: Bytes
  private var copy: [UInt8] = []

  init(_ start: Bytes) { view = start }

  mutating func append(_ run: Bytes) {
    if view.count == 0 {
      view = run
      return
    }
    if copy.isEmpty { copy = view.withUnsafeBytes { Array($0) } }
    run.withUnsafeBytes { copy.append(contentsOf: $0) }
  }

  var bytes: Bytes { copy.isEmpty ? view : Bytes(copy) }
}

/// A tensor stored as its nonzero elements.
public struct SparseTensorProto: ProtobufMessage {
  /// The nonzero elements, a tensor of one axis; its name is that of the whole.
  public var values = TensorProto()
  /// INT64: the position in row-major order of each element, or its index along each axis in a row;
  /// ascending.
  public var indices = TensorProto()
  /// The extents, which the file may give as negative.
  public var dims: [Int64] = []

  /// A tensor without anything in it.
  public init() {}

  public mutating func read(_ reader: inout ProtobufReader) throws(Failure) {
    while let number = try reader.nextField() {
      switch number {
      case 1: try reader.message(into: &values)
      case 2: try reader.message(into: &indices)
      case 3: try reader.int64s(into: &dims)
      default: try reader.skip()
      }
    }
  }

  public func write(to writer: inout ProtobufWriter) {
    writer.message(1, values)
    writer.message(2, indices)
    writer.int64s(3, dims)
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// A cursor over the fields of one protobuf message. Nothing is copied but scalars and strings; a
/// malformed message gives a failure that names the byte, never a trap.
///
/// The usual loop asks for the next field's number and then for its value:
///
///     while let number = try reader.nextField() {
///       switch number {
///       case 1: version = try reader.int64()
///       default: try reader.skip()
///       }
///     }
public struct ProtobufReader: Sendable {
  /// How a field's value is stored; the raw value is that of the wire format.
  public enum WireType: UInt64, Sendable {
    case varint, fixed64, lengthDelimited, groupStart, groupEnd, fixed32
  }

  /// How deep messages (and groups) may be nested; the limit of the common implementations.
  public static let nestingLimit = ModelLimits.nesting

  /// The whole file, so that offsets in failures are those of the file.
  private let file: Bytes
  private let end: Int
  private let depth: Int
  /// The byte that is read next, counted from the start of the file.
  public private(set) var offset: Int
  /// The number of the field that `nextField` found last.
  public private(set) var fieldNumber = 0
  private var wire = WireType.varint

  /// A reader of the message that fills all bytes.
  public init(_ bytes: Bytes) {
    self.init(file: bytes, offset: 0, end: bytes.count, depth: 0)
  }

  private init(file: Bytes, offset: Int, end: Int, depth: Int) {
    self.file = file
    self.offset = offset
    self.end = end
    self.depth = depth
  }

  /// The number of the next field, or nil at the end of the message.
  public mutating func nextField() throws(Failure) -> Int? {
    guard offset < end else { return nil }
    let start = offset
    let tag = try varint()
    guard let wire = WireType(rawValue: tag & 7), tag >> 3 >= 1, tag >> 3 < 1 << 29 else {
      throw malformed("\(tag) is not the tag of a field", at: start)
    }
    self.wire = wire
    fieldNumber = Int(tag >> 3)
    return fieldNumber
  }

  /// Passes over the value of the field, whatever it is; groups with all they hold.
  public mutating func skip() throws(Failure) {
    switch wire {
    case .varint: _ = try varint()
    case .fixed64: _ = try take(8)
    case .fixed32: _ = try take(4)
    case .lengthDelimited: _ = try take(try length())
    case .groupEnd: throw malformed("a group ends that did not begin", at: offset)
    case .groupStart: try skipGroup()
    }
  }

  private mutating func skipGroup() throws(Failure) {
    var open = [fieldNumber]
    while let last = open.last {
      let start = offset
      guard let next = try nextField() else { throw malformed("a group does not end", at: start) }
      switch wire {
      case .groupEnd:
        guard next == last else { throw malformed("another group ends than began", at: start) }
        open.removeLast()
      case .groupStart:
        guard depth + open.count < Self.nestingLimit else { throw tooDeep(start) }
        open.append(next)
      default: try skip()
      }
    }
  }

  // MARK: Single values

  /// The field's value as 64 bits.
  public mutating func uint64() throws(Failure) -> UInt64 {
    try expect(.varint)
    return try varint()
  }

  /// The field's value as a signed number (protobuf's `int64`: two's complement, no zigzag).
  public mutating func int64() throws(Failure) -> Int64 { Int64(bitPattern: try uint64()) }

  /// The field's value as a signed number of 32 bits; higher bits are dropped, as the format
  /// demands.
  public mutating func int32() throws(Failure) -> Int32 {
    Int32(truncatingIfNeeded: try uint64())
  }

  /// The field's value as a single-precision number.
  public mutating func float() throws(Failure) -> Float {
    try expect(.fixed32)
    let range = try take(4)
    return file.withUnsafeBytes {
      Float(bitPattern: $0.loadUnaligned(fromByteOffset: range.lowerBound, as: UInt32.self))
    }
  }

  /// The field's value as bytes that share the file's memory.
  public mutating func bytes() throws(Failure) -> Bytes {
    try expect(.lengthDelimited)
    return file[try take(try length())]
  }

  /// The field's value as text; what is not UTF-8 in it becomes U+FFFD.
  public mutating func string() throws(Failure) -> String {
    try expect(.lengthDelimited)
    let range = try take(try length())
    return file.withUnsafeBytes {
      String(decoding: UnsafeRawBufferPointer(rebasing: $0[range]), as: UTF8.self)
    }
  }

  /// A reader of the message that is the field's value.
  public mutating func nested() throws(Failure) -> ProtobufReader {
    try expect(.lengthDelimited)
    let start = offset
    guard depth < Self.nestingLimit else { throw tooDeep(start) }
    let range = try take(try length())
    return ProtobufReader(
      file: file, offset: range.lowerBound, end: range.upperBound, depth: depth + 1)
  }

  // MARK: Repeated values, packed or one by one

  /// Appends the field's value or, if it is packed, its values.
  public mutating func int64s(into values: inout [Int64]) throws(Failure) {
    try varints(into: &values) { Int64(bitPattern: $0) }
  }

  /// Appends the field's value or, if it is packed, its values; higher bits are dropped.
  public mutating func int32s(into values: inout [Int32]) throws(Failure) {
    try varints(into: &values) { Int32(truncatingIfNeeded: $0) }
  }

  /// Appends the field's value or, if it is packed, its values.
  public mutating func uint64s(into values: inout [UInt64]) throws(Failure) {
    try varints(into: &values) { $0 }
  }

  /// Appends the field's value or, if it is packed, its values.
  public mutating func floats(into values: inout [Float]) throws(Failure) {
    try fixed(width: 4).withUnsafeBytes { source in
      for at in stride(from: 0, to: source.count, by: 4) {
        let bits = source.loadUnaligned(fromByteOffset: at, as: UInt32.self)
        values.append(Float(bitPattern: bits))
      }
    }
  }

  /// The bytes of the field's value or, if it is packed, of its values, each `width` (4 or 8) bytes
  /// wide in little-endian order; they share the file's memory.
  public mutating func fixed(width: Int) throws(Failure) -> Bytes {
    guard wire == .lengthDelimited else {
      try expect(width == 4 ? .fixed32 : .fixed64)
      return file[try take(width)]
    }
    let start = offset
    let range = try take(try length())
    guard range.count % width == 0 else {
      throw malformed("\(range.count) bytes are no whole number of \(width)-byte values", at: start)
    }
    return file[range]
  }

  private mutating func varints<Value>(
    into values: inout [Value], _ convert: (UInt64) -> Value
  ) throws(Failure) {
    guard wire == .lengthDelimited else {
      values.append(convert(try uint64()))
      return
    }
    let range = try take(try length())
    // Every varint has exactly one byte whose highest bit is clear.
    let count = file.withUnsafeBytes { $0[range].reduce(0) { $0 + Int(~$1 >> 7) } }
    values.reserveCapacity(values.count + count)
    var packed = ProtobufReader(
      file: file, offset: range.lowerBound, end: range.upperBound, depth: depth)
    while packed.offset < packed.end { values.append(convert(try packed.varint())) }
  }

  // MARK: Bytes

  private mutating func varint() throws(Failure) -> UInt64 {
    let start = offset
    let end = end
    // One closure for the whole number; -1 and -2 tell what is wrong with it.
    let (value, length) = file.withUnsafeBytes { bytes -> (UInt64, Int) in
      var value: UInt64 = 0
      for i in 0..<10 {
        guard start + i < end else { return (0, -1) }
        let byte = bytes[start + i]
        if i == 9, byte > 1 { return (0, -2) }
        value |= UInt64(byte & 0x7F) << UInt64(7 * i)
        if byte < 0x80 { return (value, i + 1) }
      }
      return (0, -2)
    }
    guard length > 0 else {
      throw malformed(
        length == -1 ? "a number is cut off" : "a number has more than 64 bits", at: start)
    }
    offset += length
    return value
  }

  private mutating func length() throws(Failure) -> Int {
    let start = offset
    let length = try varint()
    guard length <= UInt64(end - offset) else {
      throw malformed(
        "a field of \(length) bytes is cut off after \(end - offset)", at: start)
    }
    return Int(length)
  }

  private mutating func take(_ count: Int) throws(Failure) -> Range<Int> {
    guard count <= end - offset else {
      throw malformed("a value of \(count) bytes is cut off after \(end - offset)", at: offset)
    }
    defer { offset += count }
    return offset..<offset + count
  }

  private func expect(_ expected: WireType) throws(Failure) {
    guard wire == expected else {
      throw malformed("field \(fieldNumber) is stored as \(wire), not as \(expected)", at: offset)
    }
  }

  private func malformed(_ what: String, at offset: Int) -> Failure {
    Failure("\(what) (at byte \(offset))")
  }

  private func tooDeep(_ offset: Int) -> Failure {
    malformed("messages are nested more than \(Self.nestingLimit) deep", at: offset)
  }
}

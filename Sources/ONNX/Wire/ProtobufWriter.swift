// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// Writes the fields of one protobuf message. Large payloads are kept as the views they are until
/// the chunks go to a file, so a model's weights are never copied.
public struct ProtobufWriter: Sendable {
  /// From how many bytes on a payload is kept as a view.
  static let viewThreshold = 1024

  /// What is written before `tail`.
  private var head: [Bytes] = []
  private var tail: [UInt8] = []
  private var headCount = 0

  /// A writer of an empty message.
  public init() {}

  /// The number of bytes written.
  public var count: Int { headCount + tail.count }

  /// What was written, in order.
  public func chunks() -> [Bytes] { tail.isEmpty ? head : head + [Bytes(tail)] }

  /// What was written, as one copy.
  public func joined() -> Bytes {
    let parts = chunks()
    if parts.count == 1 { return parts[0] }
    return Bytes(count: count) { destination in
      var at = 0
      for part in parts {
        part.withUnsafeBytes {
          UnsafeMutableRawBufferPointer(rebasing: destination[at...])
            .copyMemory(from: $0)
        }
        at += part.count
      }
    }
  }

  // MARK: Single values

  /// A signed number; left out if it is zero, the default, unless `always`.
  public mutating func int64(_ number: Int, _ value: Int64, always: Bool = false) {
    guard always || value != 0 else { return }
    tag(number, .varint)
    varint(UInt64(bitPattern: value))
  }

  /// A signed number of 32 bits; left out if it is zero, the default, unless `always`.
  public mutating func int32(_ number: Int, _ value: Int32, always: Bool = false) {
    int64(number, Int64(value), always: always)
  }

  /// A single-precision number.
  public mutating func float(_ number: Int, _ value: Float) {
    tag(number, .fixed32)
    littleEndian(value.bitPattern)
  }

  /// A text; left out if it is empty, the default, unless `always`.
  public mutating func string(_ number: Int, _ value: String, always: Bool = false) {
    guard always || !value.isEmpty else { return }
    var value = value
    tag(number, .lengthDelimited)
    value.withUTF8 { utf8 in
      varint(UInt64(utf8.count))
      tail.append(contentsOf: utf8)
    }
  }

  /// Bytes, even if there are none.
  public mutating func bytes(_ number: Int, _ value: Bytes) {
    tag(number, .lengthDelimited)
    varint(UInt64(value.count))
    append(value)
  }

  /// A message whose fields `body` writes.
  public mutating func nested(_ number: Int, _ body: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    body(&inner)
    tag(number, .lengthDelimited)
    varint(UInt64(inner.count))
    for chunk in inner.head { append(chunk) }
    tail.append(contentsOf: inner.tail)
  }

  // MARK: Repeated values

  /// Texts, the empty ones too.
  public mutating func strings(_ number: Int, _ values: [String]) {
    for value in values { string(number, value, always: true) }
  }

  /// Signed numbers, one by one.
  public mutating func int64s(_ number: Int, _ values: [Int64]) {
    for value in values { int64(number, value, always: true) }
  }

  /// Single-precision numbers, one by one.
  public mutating func floats(_ number: Int, _ values: [Float]) {
    for value in values { float(number, value) }
  }

  /// Numbers in one packed field, signed ones by their bit pattern; nothing if there are none.
  public mutating func packed(_ number: Int, _ values: some Collection<UInt64>) {
    guard !values.isEmpty else { return }
    nested(number) { writer in
      for value in values { writer.varint(value) }
    }
  }

  /// The little-endian bytes of fixed-width values in one packed field; nothing if there are none.
  public mutating func packed(_ number: Int, fixed values: Bytes) {
    if values.count > 0 { bytes(number, values) }
  }

  // MARK: Bytes

  private mutating func tag(_ number: Int, _ wire: ProtobufReader.WireType) {
    varint(UInt64(number) << 3 | wire.rawValue)
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      tail.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    tail.append(UInt8(rest))
  }

  private mutating func littleEndian(_ bits: UInt32) {
    withUnsafeBytes(of: bits.littleEndian) { tail.append(contentsOf: $0) }
  }

  private mutating func append(_ chunk: Bytes) {
    guard chunk.count >= Self.viewThreshold else {
      chunk.withUnsafeBytes { tail.append(contentsOf: $0) }
      return
    }
    if !tail.isEmpty {
      head.append(Bytes(tail))
      headCount += tail.count
      tail.removeAll(keepingCapacity: true)
    }
    head.append(chunk)
    headCount += chunk.count
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// Reads little-endian numbers out of bytes at checked offsets.
struct ByteReader {
  let bytes: Bytes

  /// The number at an offset, or nil if it does not lie inside.
  func integer<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T? {
    guard offset >= 0, bytes.count >= MemoryLayout<T>.size,
      offset <= bytes.count - MemoryLayout<T>.size
    else { return nil }
    return bytes.withUnsafeBytes {
      T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: type))
    }
  }

  /// A 16-bit number as an `Int`.
  func half(at offset: Int) -> Int? { integer(UInt16.self, at: offset).map(Int.init) }

  /// A 32-bit number as an `Int`.
  func word(at offset: Int) -> Int? { integer(UInt32.self, at: offset).map(Int.init) }

  /// A 64-bit number as an `Int`, or nil if it does not fit.
  func long(at offset: Int) -> Int? {
    integer(UInt64.self, at: offset).flatMap(Int.init(exactly:))
  }

  /// The bytes of a range given by start and length, or nil if it does not lie inside.
  func slice(at offset: Int, count: Int) -> Bytes? {
    guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset
    else { return nil }
    return bytes[offset..<offset + count]
  }
}

// SPDX-License-Identifier: Apache-2.0

/// The checksum of zip archives: CRC-32 with the reflected polynomial 0xEDB88320.
public enum CRC32 {
  /// The checksum of a buffer; `previous` is that of the bytes in front of it.
  public static func checksum(_ buffer: UnsafeRawBufferPointer, previous: UInt32 = 0) -> UInt32 {
    guard let base = buffer.baseAddress else { return previous }
    return tables.withUnsafeBufferPointer { tables in
      guard let t = tables.baseAddress else { return previous }
      var crc = ~previous
      var i = 0
      // Eight bytes a step: table k holds the checksum of a byte followed by k zero bytes.
      while i &+ 8 <= buffer.count {
        let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: i, as: UInt64.self))
        let x = word ^ UInt64(crc)
        crc = t[1792 &+ byte(x, 0)] ^ t[1536 &+ byte(x, 8)] ^ t[1280 &+ byte(x, 16)]
        crc ^= t[1024 &+ byte(x, 24)] ^ t[768 &+ byte(x, 32)] ^ t[512 &+ byte(x, 40)]
        crc ^= t[256 &+ byte(x, 48)] ^ t[byte(x, 56)]
        i &+= 8
      }
      while i < buffer.count {
        let value = base.load(fromByteOffset: i, as: UInt8.self)
        crc = (crc &>> 8) ^ t[Int((crc ^ UInt32(value)) & 0xFF)]
        i &+= 1
      }
      return ~crc
    }
  }

  /// The checksum of bytes.
  public static func checksum(_ bytes: Bytes) -> UInt32 {
    bytes.withUnsafeBytes { checksum($0) }
  }

  @inline(__always)
  private static func byte(_ x: UInt64, _ shift: UInt64) -> Int { Int((x &>> shift) & 0xFF) }

  /// Eight tables of 256 entries, one behind the other.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 2048)
    for value in 0..<256 {
      var crc = UInt32(value)
      for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
      tables[value] = crc
    }
    for entry in 256..<2048 {
      let shorter = tables[entry - 256]
      tables[entry] = (shorter >> 8) ^ tables[Int(shorter & 0xFF)]
    }
    return tables
  }()
}

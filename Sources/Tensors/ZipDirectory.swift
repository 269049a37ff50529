// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// A member of a zip archive as the central directory describes it.
struct ZipMember: Sendable {
  var name: String
  var method: Int
  var isEncrypted: Bool
  var checksum: UInt32
  var storedSize: Int
  var size: Int
  var headerOffset: Int
}

/// Reads the central directory of zip archives (PKWARE's APPNOTE), 64-bit sizes included, and the
/// content of stored and deflated members.
struct ZipDirectory: Sendable {
  private let reader: ByteReader
  let members: [ZipMember]

  init(_ bytes: Bytes) throws(Failure) {
    reader = ByteReader(bytes: bytes)
    let (start, size, count) = try Self.locate(reader)
    guard let directory = reader.slice(at: start, count: size) else { throw Self.malformed }
    let entries = ByteReader(bytes: directory)
    var members: [ZipMember] = []
    var offset = 0
    for _ in 0..<count {
      let (member, length) = try Self.member(entries, at: offset)
      members.append(member)
      offset += length
    }
    self.members = members
  }

  static var malformed: Failure { Failure("the zip archive is damaged or cut off") }

  /// The content of a member, checked against its checksum.
  func content(of member: ZipMember) throws(Failure) -> Bytes {
    if member.isEncrypted {
      throw Failure("the member '\(member.name)' is encrypted", kind: .unsupported)
    }
    let offset = member.headerOffset
    guard reader.word(at: offset) == 0x0403_4B50,
      let nameLength = reader.half(at: offset + 26), let extraLength = reader.half(at: offset + 28),
      let stored = reader.slice(
        at: offset + 30 + nameLength + extraLength, count: member.storedSize)
    else { throw Self.malformed }
    let content: Bytes
    switch member.method {
    case 0:
      guard member.size == member.storedSize else { throw Self.malformed }
      content = stored
    case 8:
      do throws(Failure) {
        content = try Inflate.decode(stored, size: member.size)
      } catch {
        throw error.located(subject: "member '\(member.name)'")
      }
    default:
      throw Failure(
        "the member '\(member.name)' is compressed by method \(member.method); only stored and "
          + "deflated members are supported", kind: .unsupported)
    }
    guard CRC32.checksum(content) == member.checksum else {
      throw Failure("the member '\(member.name)' does not have the checksum that the archive says")
    }
    return content
  }

  /// Finds the central directory from the record at the end, which a comment may follow.
  private static func locate(
    _ reader: ByteReader
  ) throws(Failure) -> (start: Int, size: Int, count: Int) {
    let total = reader.bytes.count
    var end = total - 22
    while end >= 0, end >= total - 22 - 65535 {
      if reader.word(at: end) == 0x0605_4B50, reader.half(at: end + 20) == total - end - 22 {
        break
      }
      end -= 1
    }
    guard end >= 0, end >= total - 22 - 65535, let count = reader.half(at: end + 10),
      let size = reader.word(at: end + 12), let start = reader.word(at: end + 16)
    else { throw Failure("not a zip archive, or cut off: it has no directory at its end") }
    guard count == 0xFFFF || size == 0xFFFF_FFFF || start == 0xFFFF_FFFF,
      reader.word(at: end - 20) == 0x0706_4B50
    else { return (start, size, count) }
    guard let record = reader.long(at: end - 12), reader.word(at: record) == 0x0606_4B50,
      record <= total - 56, let count = reader.long(at: record + 32),
      let size = reader.long(at: record + 40), let start = reader.long(at: record + 48)
    else { throw malformed }
    return (start, size, count)
  }

  /// The member at an offset of the directory, and the length of its entry.
  private static func member(
    _ reader: ByteReader, at offset: Int
  ) throws(Failure) -> (member: ZipMember, length: Int) {
    guard reader.word(at: offset) == 0x0201_4B50, let flags = reader.half(at: offset + 8),
      let method = reader.half(at: offset + 10),
      let checksum = reader.integer(UInt32.self, at: offset + 16),
      var storedSize = reader.word(at: offset + 20), var size = reader.word(at: offset + 24),
      let nameLength = reader.half(at: offset + 28), let extraLength = reader.half(at: offset + 30),
      let commentLength = reader.half(at: offset + 32),
      var headerOffset = reader.word(at: offset + 42),
      let name = reader.slice(at: offset + 46, count: nameLength),
      let extra = reader.slice(at: offset + 46 + nameLength, count: extraLength)
    else { throw malformed }
    // Sizes that do not fit 32 bits are in an extra field, only those and in this order.
    if size == 0xFFFF_FFFF || storedSize == 0xFFFF_FFFF || headerOffset == 0xFFFF_FFFF {
      guard var wide = wideFields(ByteReader(bytes: extra)) else { throw malformed }
      if size == 0xFFFF_FFFF { size = try wide.next() }
      if storedSize == 0xFFFF_FFFF { storedSize = try wide.next() }
      if headerOffset == 0xFFFF_FFFF { headerOffset = try wide.next() }
    }
    // Offsets are added to later: beyond any file they are refused here.
    guard headerOffset < 1 << 60 else { throw malformed }
    let member = ZipMember(
      name: name.repairedText, method: method, isEncrypted: flags & 1 == 1, checksum: checksum,
      storedSize: storedSize, size: size, headerOffset: headerOffset)
    return (member, 46 + nameLength + extraLength + commentLength)
  }

  private struct WideFields {
    let reader: ByteReader
    var offset = 0

    mutating func next() throws(Failure) -> Int {
      guard let value = reader.long(at: offset) else { throw malformed }
      offset += 8
      return value
    }
  }

  private static func wideFields(_ extra: ByteReader) -> WideFields? {
    var offset = 0
    while let id = extra.half(at: offset), let length = extra.half(at: offset + 2) {
      if id == 1 {
        return extra.slice(at: offset + 4, count: length).map {
          WideFields(reader: ByteReader(bytes: $0))
        }
      }
      offset += 4 + length
    }
    return nil
  }
}

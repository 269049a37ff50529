// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// Tensors by name in numpy's `.npz` format: a zip archive whose members are `.npy` files, stored
/// or deflated.
public struct NumpyArchive: Sendable {
  private let directory: ZipDirectory
  private let file: String
  /// The names of the arrays in the archive's order, without the ending `.npy`.
  public let names: [String]

  /// The archive in `bytes`; `file` is what failures name. Only the directory is read. Throws if it
  /// is damaged or has two members of one name.
  public init(_ bytes: Bytes, file: String = "") throws(Failure) {
    do throws(Failure) {
      directory = try ZipDirectory(bytes)
    } catch {
      guard !NumpyArray.isOne(bytes) else {
        throw Failure(
          "a single array (.npy), where an archive of named arrays (.npz) is taken",
          at: Origin(file: file), notes: ["numpy's savez('FILE.npz', x=array) writes one"])
      }
      throw error.located(file: file)
    }
    self.file = file
    names = directory.members.map {
      $0.name.hasSuffix(".npy") ? String($0.name.dropLast(4)) : $0.name
    }
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw Failure("the archive has two arrays '\(name)'", at: Origin(file: file))
    }
  }

  /// The archive at a path, which is mapped into memory.
  public static func read(_ path: String) throws(Failure) -> NumpyArchive {
    try NumpyArchive(Platform.mapFile(path), file: path)
  }

  /// The array of a name, decompressed at each call. Throws if there is none or if it is damaged.
  public func tensor(_ name: String) throws(Failure) -> Tensor {
    guard let index = names.firstIndex(of: name) else {
      throw Failure(
        "the archive has no array '\(name)'", at: Origin(file: file),
        notes: Spelling.notes(for: name, among: names))
    }
    do throws(Failure) {
      return try NumpyArray.decode(directory.content(of: directory.members[index]))
    } catch {
      throw error.located(file: file, subject: "array '\(name)'")
    }
  }

  /// The archive of tensors under their names, stored and in the order given; the same tensors give
  /// the same bytes. Throws if a name is given twice or is empty, or if the archive would reach 4
  /// GiB or 65,535 members.
  public static func encode(
    _ tensors: [(name: String, tensor: Tensor)]
  ) throws(Failure) -> Bytes {
    guard tensors.count < 0xFFFF else { throw Failure("too many arrays for one archive") }
    var seen: Set<String> = []
    var out = ByteBuilder()
    var directory = ByteBuilder()
    for (name, tensor) in tensors {
      guard !name.isEmpty, name.utf8.count < 60000, seen.insert(name).inserted else {
        throw Failure("'\(name)' cannot name an array in an archive: empty, too long or used twice")
      }
      let content = NumpyArray.encode(tensor)
      let offset = out.count
      guard content.count + offset + 65536 < 0xFFFF_FFFF else {
        throw Failure("the archive would be larger than 4 GiB")
      }
      let entry = commonFields(name: name + ".npy", content)
      out.append(littleEndian: UInt32(0x0403_4B50))
      out.append(entry)
      out.append(name + ".npy")
      out.append(content)
      directory.append(littleEndian: UInt32(0x0201_4B50))
      directory.append(littleEndian: UInt16(20))
      directory.append(entry)
      // No comment, first disk, no attributes.
      directory.append(Bytes([UInt8](repeating: 0, count: 10)))
      directory.append(littleEndian: UInt32(offset))
      directory.append(name + ".npy")
    }
    return try closed(consume out, consume directory, count: tensors.count)
  }

  /// What the header of a member and its entry in the directory have in common: from the version
  /// needed to the length of the extra field. The time is the earliest there is, 1 January 1980.
  private static func commonFields(name: String, _ content: Bytes) -> Bytes {
    var fields = ByteBuilder()
    fields.append(littleEndian: UInt16(20))
    // Bit 11: the name is UTF-8.
    fields.append(littleEndian: UInt16(0x0800))
    fields.append(littleEndian: UInt16(0))
    fields.append(littleEndian: UInt16(0))
    fields.append(littleEndian: UInt16(0x0021))
    fields.append(littleEndian: CRC32.checksum(content))
    fields.append(littleEndian: UInt32(content.count))
    fields.append(littleEndian: UInt32(content.count))
    fields.append(littleEndian: UInt16(name.utf8.count))
    fields.append(littleEndian: UInt16(0))
    return fields.finish()
  }

  /// The archive with its directory and the record that ends it.
  private static func closed(
    _ members: consuming ByteBuilder, _ directory: consuming ByteBuilder, count: Int
  ) throws(Failure) -> Bytes {
    let (start, size) = (members.count, directory.count)
    guard start + size < 0xFFFF_FFFF else {
      throw Failure("the archive would be larger than 4 GiB")
    }
    members.append(directory.finish())
    members.append(littleEndian: UInt32(0x0605_4B50))
    members.append(littleEndian: UInt32(0))
    members.append(littleEndian: UInt16(count))
    members.append(littleEndian: UInt16(count))
    members.append(littleEndian: UInt32(size))
    members.append(littleEndian: UInt32(start))
    members.append(littleEndian: UInt16(0))
    return members.finish()
  }
}

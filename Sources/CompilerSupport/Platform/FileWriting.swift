// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Files that are written together or not at all: each is written beside its destination, and all
/// are renamed into place at the end in the order of adding, the last added last. If one cannot be
/// written, none of the destinations is touched. (If renaming itself fails midway, the files before
/// are whole and new, those behind unchanged.) What goes to the standard output, to a pipe or to a
/// device is written just before the renaming.
public struct OutputSet: Sendable {
  private struct Entry: Sendable {
    var path: String
    var parts: [Bytes]
  }
  private var entries: [Entry] = []

  /// A set without files.
  public init() {}

  /// The destinations in the order of adding.
  public var paths: [String] { entries.map(\.path) }

  /// Adds a file; `-` is the standard output. An existing file will be replaced.
  public mutating func add(_ path: String, _ bytes: Bytes) { add(path, parts: [bytes]) }

  /// Adds a text file.
  public mutating func add(_ path: String, _ text: String) { add(path, Bytes(text.utf8)) }

  /// Adds a file whose content is the parts one behind the other.
  public mutating func add(_ path: String, parts: [Bytes]) {
    entries.append(Entry(path: path, parts: parts))
  }

  /// Writes all files. Throws, with nothing changed, if a folder is missing, a destination is a
  /// folder or is named twice, or the disk is full.
  public func commit() throws(Failure) {
    var pending: [(temporary: String, destination: String)] = []
    do throws(Failure) {
      try checkDestinations()
      for entry in entries where !Self.isStream(entry.path) {
        pending.append(try Self.writeBeside(entry.path, entry.parts))
      }
      for entry in entries where Self.isStream(entry.path) {
        try Self.writeStream(entry.path, entry.parts)
      }
      while let (temporary, destination) = pending.first {
        guard rename(temporary, destination) == 0 else {
          throw Platform.fileFailure("write the file", destination)
        }
        pending.removeFirst()
      }
    } catch {
      for file in pending { unlink(file.temporary) }
      throw error
    }
  }

  private func checkDestinations() throws(Failure) {
    var seen: Set<String> = []
    for entry in entries {
      try Platform.checkPath(entry.path)
      guard seen.insert(entry.path).inserted else {
        throw Failure("the file is to be written twice", at: Origin(file: entry.path))
      }
      if entry.path != "-", Platform.fileKind(entry.path) == .folder {
        throw Platform.fileFailure("write the file", entry.path, EISDIR)
      }
    }
  }

  /// Whether a destination takes bytes as they come: the standard output, a pipe, a device.
  private static func isStream(_ path: String) -> Bool {
    path == "-" || Platform.fileKind(path) == .other
  }

  private static func writeStream(_ path: String, _ parts: [Bytes]) throws(Failure) {
    let descriptor = path == "-" ? dup(1) : open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Platform.fileFailure("write the file", path) }
    defer { close(descriptor) }
    for part in parts { try Platform.write(part, to: descriptor, path) }
  }

  private static func writeBeside(
    _ path: String, _ parts: [Bytes]
  ) throws(Failure) -> (temporary: String, destination: String) {
    let (descriptor, temporary, destination) = try openBeside(path)
    var info = stat()
    let exists = Platform.fileKind(destination) == .regular
    let mode = exists && stat(destination, &info) == 0 ? info.st_mode & 0o777 : nil
    do throws(Failure) {
      for part in parts { try Platform.write(part, to: descriptor, path) }
      if let mode { fchmod(descriptor, mode) }
    } catch {
      close(descriptor)
      unlink(temporary)
      throw error
    }
    guard close(descriptor) == 0 else {
      let code = errno
      unlink(temporary)
      throw Platform.fileFailure("write the file", path, code)
    }
    return (temporary, destination)
  }

  /// Makes an empty file beside a destination, to be filled and put into its place.
  private static func openBeside(
    _ path: String
  ) throws(Failure) -> (descriptor: Int32, temporary: String, destination: String) {
    // A symbolic link stays one: what it leads to is replaced.
    let existing = Platform.fileKind(path) == .regular
    let destination = existing ? try Platform.canonicalPath(path) : path
    var temporary = ""
    var descriptor: Int32 = -1
    for attempt in 0..<100 where descriptor < 0 {
      temporary = "\(destination).\(getpid())-\(attempt).tmp"
      descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor < 0, errno != EEXIST { break }
    }
    guard descriptor >= 0 else {
      let code = errno
      let folder = Paths.folder(of: path)
      if code == ENOENT, !Platform.isDirectory(folder) {
        throw Failure(
          "cannot write the file: there is no folder '\(folder)'", at: Origin(file: path))
      }
      throw Platform.fileFailure("write the file", path, code)
    }
    return (descriptor, temporary, destination)
  }

  /// Finds out, before a long job, whether the files could be written: makes an empty file beside
  /// each destination and removes it at once.
  ///
  /// - Throws: what `commit` would, as far as it can be known before.
  public func checkWritable() throws(Failure) {
    try checkDestinations()
    for path in paths where path != "-" {
      if Self.isStream(path) {
        guard access(path, W_OK) == 0 else { throw Platform.fileFailure("write the file", path) }
        continue
      }
      let (descriptor, temporary, _) = try Self.openBeside(path)
      close(descriptor)
      unlink(temporary)
    }
  }
}

extension Platform {
  /// Writes a file whole or not at all, replacing one that is there; `-` is the standard output.
  public static func writeFile(_ path: String, _ bytes: Bytes) throws(Failure) {
    var set = OutputSet()
    set.add(path, bytes)
    try set.commit()
  }

  /// Writes a text file whole or not at all, replacing one that is there; `-` is the standard
  /// output.
  public static func writeFile(_ path: String, _ text: String) throws(Failure) {
    try writeFile(path, Bytes(text.utf8))
  }

  /// Writes text to the standard output; throws if that is closed or full.
  public static func writeOutput(_ text: String) throws(Failure) {
    try write(Bytes(text.utf8), to: 1, "-")
  }

  /// Writes text to the standard error output; that it cannot be written is nobody's to know.
  public static func writeError(_ text: String) {
    try? write(Bytes(text.utf8), to: 2, "-")
  }

  static func write(_ bytes: Bytes, to descriptor: Int32, _ path: String) throws(Failure) {
    try bytes.withUnsafeBytes { (buffer) throws(Failure) in
      var rest = buffer
      while let base = rest.baseAddress, rest.count > 0 {
        // Kernels take less than 2 GiB at once.
        let written = posixWrite(descriptor, base, Swift.min(rest.count, 1 << 30))
        if written >= 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        } else if errno != EINTR {
          throw fileFailure("write the file", path == "-" ? "standard output" : path)
        }
      }
    }
  }
}

/// The C library's `write`, which inside `Platform` is hidden by the method of that name.
private func posixWrite(_ descriptor: Int32, _ base: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, base, count)
}

// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A new empty folder that is removed with all that is in it when the last reference goes.
public final class TemporaryFolder: Sendable {
  /// The folder's absolute path.
  public let path: String

  /// Makes a folder whose name starts with `prefix`, where `TMPDIR` says or in `/tmp`.
  public init(_ prefix: String = "fettle") throws(Failure) { path = try Self.kept(prefix) }

  /// Makes a folder as a temporary one, that stays; gives its path.
  public static func kept(_ prefix: String) throws(Failure) -> String {
    let parent = Platform.environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var template = Array(Paths.join(parent, prefix + "-XXXXXX").utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer -> String? in
      guard let base = buffer.baseAddress, let name = mkdtemp(base) else { return nil }
      return String(cString: name)
    }
    guard let made else { throw Platform.fileFailure("make a folder for temporary files", parent) }
    return made
  }

  deinit { try? Platform.removeTree(path) }

  /// The path of a file of this name in the folder.
  public func file(_ name: String) -> String { Paths.join(path, name) }
}

extension Platform {
  /// Makes a folder and those above it that are missing; one that is there is left as it is.
  public static func createDirectory(_ path: String) throws(Failure) {
    try checkPath(path)
    var missing: [String] = []
    var next = path
    while fileKind(next) == nil {
      missing.append(next)
      let parent = Paths.folder(of: next)
      if parent == next || parent == "." { break }
      next = parent
    }
    for folder in missing.reversed() where mkdir(folder, 0o777) != 0 && errno != EEXIST {
      throw fileFailure("make the folder", folder)
    }
    guard fileKind(path) == .folder else {
      throw Failure("cannot make the folder: a file of this name is there", at: Origin(file: path))
    }
  }

  /// The folder, or the nearest one above it if it is missing; nil if something else is in its way.
  public static func nearestFolder(_ path: String) -> String? {
    var next = path
    while fileKind(next) == nil {
      // A link to nothing is something.
      var info = stat()
      if lstat(next, &info) == 0 { return nil }
      let parent = Paths.folder(of: next)
      if parent == next || parent == "." { return "." }
      next = parent
    }
    return isDirectory(next) ? next : nil
  }

  /// Finds out, before a long job, whether files can be written to a folder, which may be missing:
  /// makes an empty file there or in the nearest folder above it, and removes it at once. No folder
  /// is made, because another process could take it for one that stays.
  ///
  /// - Throws: if there is no folder and none can be made, or if it takes no files.
  public static func checkFolderWritable(_ path: String) throws(Failure) {
    try checkPath(path)
    guard let folder = nearestFolder(path) else {
      throw Failure("cannot make the folder: a file is in its place", at: Origin(file: path))
    }
    var template = Array(Paths.join(folder, ".fettle-XXXXXX").utf8CString)
    let (descriptor, code) = template.withUnsafeMutableBufferPointer { buffer -> (Int32, Int32) in
      guard let base = buffer.baseAddress else { return (-1, EINVAL) }
      let descriptor = mkstemp(base)
      let code = errno
      if descriptor >= 0 { unlink(base) }
      return (descriptor, code)
    }
    guard descriptor >= 0 else {
      // File systems of the kernel's own say so of names that they do not have.
      guard code != ENOENT else {
        throw Failure(
          "cannot write to the folder: '\(folder)' takes no files", at: Origin(file: path))
      }
      throw fileFailure("write to the folder", path, code)
    }
    close(descriptor)
  }

  /// The names in a folder, sorted, without `.` and `..`.
  public static func entries(of folder: String) throws(Failure) -> [String] {
    try checkPath(folder)
    guard let stream = opendir(folder) else { throw fileFailure("list the folder", folder) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
      let start = UnsafeRawPointer(entry).advanced(by: offset)
      let name = String(cString: start.assumingMemoryBound(to: CChar.self))
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes a file, or a folder with all that is in it; symbolic links are removed, not followed.
  /// It is no failure if nothing is there.
  public static func removeTree(_ path: String) throws(Failure) {
    try checkPath(path)
    var folders: [String] = []
    var open = [path]
    while let next = open.popLast() {
      var info = stat()
      guard lstat(next, &info) == 0 else {
        if errno == ENOENT { continue }
        throw fileFailure("remove the file", next)
      }
      if info.st_mode & S_IFMT == S_IFDIR {
        folders.append(next)
        for name in try entries(of: next) { open.append(Paths.join(next, name)) }
      } else if unlink(next) != 0, errno != ENOENT {
        throw fileFailure("remove the file", next)
      }
    }
    for folder in folders.reversed() where rmdir(folder) != 0 && errno != ENOENT {
      throw fileFailure("remove the folder", folder)
    }
  }
}

extension Platform {
  /// Moves a file to another path of the same file system, in place of a file that is there.
  public static func move(_ path: String, to destination: String) throws(Failure) {
    guard rename(path, destination) == 0 else {
      throw fileFailure("move to '\(destination)'", path)
    }
  }
}

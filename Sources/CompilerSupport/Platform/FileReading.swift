// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file mapped for reading.
private final class MappedFile: ByteOwner, @unchecked Sendable {
  deinit { munmap(UnsafeMutableRawPointer(mutating: base), count) }

  override func release(_ range: Range<Int>) {
    // Whole pages inside the range alone: those at its ends hold bytes of neighbours.
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    guard page > 0 else { return }
    let first = (range.lowerBound + page - 1) / page * page
    let last = range.upperBound == count ? count : range.upperBound / page * page
    guard first < last else { return }
    madvise(UnsafeMutableRawPointer(mutating: base + first), last - first, Int32(MADV_DONTNEED))
  }
}

extension Platform {
  /// What a path leads to, symbolic links followed.
  enum FileKind { case regular, folder, other }

  /// The kind and the size of what is open, or of what is at a path; nil with errno set.
  static func fileKind(_ path: String) -> FileKind? {
    var info = stat()
    return stat(path, &info) == 0 ? kind(info) : nil
  }

  private static func kind(_ info: stat) -> FileKind {
    switch info.st_mode & S_IFMT {
    case S_IFREG: .regular
    case S_IFDIR: .folder
    default: .other
    }
  }

  /// Whether something is at the path, symbolic links followed.
  public static func exists(_ path: String) -> Bool {
    (try? checkPath(path)) != nil && fileKind(path) != nil
  }

  /// Whether the path leads to a folder.
  public static func isDirectory(_ path: String) -> Bool {
    (try? checkPath(path)) != nil && fileKind(path) == .folder
  }

  /// When a file was last written, in seconds since 1970; nil if nothing is there.
  public static func modificationTime(_ path: String) -> Double? {
    var info = stat()
    guard (try? checkPath(path)) != nil, stat(path, &info) == 0 else { return nil }
    #if canImport(Darwin)
      let time = info.st_mtimespec
    #else
      let time = info.st_mtim
    #endif
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The bytes of a file, mapped into memory and read as they are touched; `-` and what is no plain
  /// file (a pipe) are read to their end instead. The file must not shrink while the bytes live.
  /// Throws if it is missing, a folder or unreadable.
  public static func mapFile(_ path: String) throws(Failure) -> Bytes {
    try withOpenFile(path) { (descriptor, info) throws(Failure) in
      guard kind(info) == .regular, info.st_size > 0 else {
        return try readToEnd(descriptor, path, hint: 0)
      }
      let size = Int(info.st_size)
      guard let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
        memory != MAP_FAILED
      else { throw fileFailure("map the file into memory", path) }
      #if !canImport(Darwin)
        // A look at a few bytes of each tensor must not bring the file in by 2 MiB pages.
        madvise(memory, size, Int32(MADV_NOHUGEPAGE))
      #endif
      return Bytes(MappedFile(base: UnsafeRawPointer(memory), count: size))
    }
  }

  /// The bytes of a file, copied into memory; `-` is the standard input. Throws if it is missing, a
  /// folder or unreadable.
  public static func readFile(_ path: String) throws(Failure) -> Bytes {
    try withOpenFile(path) { (descriptor, info) throws(Failure) in
      let size = kind(info) == .regular ? Int(info.st_size) : 0
      return try readToEnd(descriptor, path, hint: size)
    }
  }

  /// The text of a file; throws like `readFile` and if the bytes are not UTF-8.
  public static func readText(_ path: String) throws(Failure) -> String {
    let bytes = try readFile(path)
    guard let text = bytes.validText else {
      throw Failure("this is no text: the bytes are not UTF-8", at: Origin(file: path))
    }
    return text
  }

  /// The path with symbolic links, `.` and `..` resolved; throws if nothing is there.
  public static func canonicalPath(_ path: String) throws(Failure) -> String {
    try checkPath(path)
    guard let resolved = realpath(path, nil) else { throw fileFailure("find the file", path) }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// The canonical path of `name` inside `folder`, for names that a file gives. Throws if it is
  /// absolute, leaves the folder (by `..` or by a symbolic link), or if nothing is there.
  public static func path(of name: String, inside folder: String) throws(Failure) -> String {
    let outside = Failure("the file name '\(name)' leads outside the folder '\(folder)'")
    if name.hasPrefix("/") { throw outside }
    let root = try canonicalPath(folder.isEmpty ? "." : folder)
    let target = try canonicalPath(Paths.join(root, name))
    guard target.hasPrefix(root == "/" ? "/" : root + "/") else { throw outside }
    return target
  }

  private static func withOpenFile(
    _ path: String, _ body: (Int32, stat) throws(Failure) -> Bytes
  ) throws(Failure) -> Bytes {
    try checkPath(path)
    let descriptor = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fileFailure("read the file", path) }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw fileFailure("read the file", path) }
    if kind(info) == .folder { throw fileFailure("read the file", path, EISDIR) }
    return try body(descriptor, info)
  }

  private static func readToEnd(
    _ descriptor: Int32, _ path: String, hint: Int
  ) throws(Failure) -> Bytes {
    // One byte more than expected, so that the end shows without growing the buffer; what a file
    // system says of very large files is believed only as the bytes arrive.
    var builder = ByteBuilder(capacity: Swift.min(Swift.max(hint, 0), 1 << 28) + 1)
    while true {
      if builder.capacity == builder.count { builder.reserve(65536) }
      let space = builder.space
      let got = read(descriptor, space.baseAddress, space.count)
      if got > 0 {
        builder.advance(by: got)
      } else if got == 0 {
        return builder.finish()
      } else if errno != EINTR {
        throw fileFailure("read the file", path)
      }
    }
  }
}

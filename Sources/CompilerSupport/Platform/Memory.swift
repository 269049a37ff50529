// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Memory for large data straight from the system: zero without being written, and given back as soon as it is
/// freed. (Allocators keep such blocks for later: with weights that is as much again as they take.)
final class ZeroPages: ByteOwner, @unchecked Sendable {
  /// Smaller blocks are the allocator's.
  private static let leastBytes = 1 << 20

  /// The pages, for the one who fills them before they are shared.
  var memory: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(mutating: base), count: count)
  }

  /// Pages for `count` bytes; nil if that is little, or the system has none left.
  convenience init?(count: Int) {
    guard count >= Self.leastBytes, let block = Platform.zeroPages(count) else { return nil }
    self.init(base: UnsafeRawPointer(block), count: count)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), count) }
}

extension Platform {
  /// Below this many bytes an allocation is not asked about.
  private static let freeMemoryGranule = 1 << 24

  /// Makes sure that the system would hand out so many bytes now, so that a model with enormous
  /// tensors is refused instead of ending the process. Nothing stays allocated. Throws, saying what the
  /// memory is for, if it would not.
  public static func requireMemory(_ bytes: Int, for what: String) throws(Failure) {
    guard bytes > freeMemoryGranule else { return }
    guard let block = zeroPages(bytes) else {
      throw Failure("\(what) would take \(bytes) bytes of memory, more than there is")
    }
    munmap(block, bytes)
  }

  /// Memory pages of the system's, all zero; nil if it has none left.
  fileprivate static func zeroPages(_ bytes: Int) -> UnsafeMutableRawPointer? {
    #if canImport(Darwin)
      let flags = MAP_PRIVATE | MAP_ANON
    #else
      let flags = MAP_PRIVATE | MAP_ANONYMOUS
    #endif
    let block = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0)
    return block == MAP_FAILED ? nil : block
  }

  /// Bytes of memory that the process has in use now, or nil where the system does not say.
  public static var residentBytes: Int? {
    // Pages, the second number (proc(5)).
    guard let text = try? readText("/proc/self/statm"),
      let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    let (bytes, overflow) = pages.multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE)))
    return overflow ? nil : bytes
  }

  /// The most memory that the process has had in use, in bytes, or nil where the system does not
  /// say.
  public static var peakResidentBytes: Int? {
    var usage = rusage()
    #if canImport(Darwin)
      guard getrusage(RUSAGE_SELF, &usage) == 0, usage.ru_maxrss > 0 else { return nil }
      return usage.ru_maxrss
    #else
      let this = __rusage_who_t(RUSAGE_SELF.rawValue)
      guard getrusage(this, &usage) == 0, usage.ru_maxrss > 0 else { return nil }
      let (bytes, overflow) = usage.ru_maxrss.multipliedReportingOverflow(by: 1024)
      return overflow ? nil : bytes
    #endif
  }
}

// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension Platform {
  /// Below this many bytes an allocation is not asked about.
  private static let freeMemoryGranule = 1 << 24

  /// Makes sure that the system would hand out so many bytes now, so that a model with enormous
  /// tensors is refused instead of ending the process. Nothing stays allocated. Throws, saying what the
  /// memory is for, if it would not.
  public static func requireMemory(_ bytes: Int, for what: String) throws(Failure) {
    guard bytes > freeMemoryGranule else { return }
    #if canImport(Darwin)
      let flags = MAP_PRIVATE | MAP_ANON
    #else
      let flags = MAP_PRIVATE | MAP_ANONYMOUS
    #endif
    guard let block = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0), block != MAP_FAILED
    else { throw Failure("\(what) would take \(bytes) bytes of memory, more than there is") }
    munmap(block, bytes)
  }
}

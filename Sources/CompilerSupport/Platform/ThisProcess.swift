// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension Platform {
  /// The number of this process.
  public static var processID: Int { Int(getpid()) }

  /// The number of the process that started this one, or of what has taken its place since it ended.
  public static var parentProcessID: Int { Int(getppid()) }

  /// The file that this process runs, symbolic links resolved; nil if the system does not say.
  public static var executablePath: String? {
    #if canImport(Darwin)
      var size: UInt32 = 0
      _NSGetExecutablePath(nil, &size)
      var buffer = [CChar](repeating: 0, count: Int(size) + 1)
      guard _NSGetExecutablePath(&buffer, &size) == 0 else { return nil }
      let path = buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } }
      return path.flatMap { try? canonicalPath($0) }
    #else
      return try? canonicalPath("/proc/self/exe")
    #endif
  }
}

// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// What the operating system offers, behind Swift types. Only the files of this folder import the C
/// library; they serve Linux and macOS alike.
public enum Platform {
  /// The processor's instruction set as compilers name it: `x86_64`, `aarch64`…
  public static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "aarch64"
    #else
      "unknown"
    #endif
  }

  /// Ends the process with an exit status.
  public static func exit(_ status: Int32) -> Never {
    #if canImport(Darwin)
      Darwin.exit(status)
    #else
      Glibc.exit(status)
    #endif
  }

  /// The value of an environment variable, or nil if it is not set.
  public static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  /// Seconds on a clock that only moves forward; its zero is arbitrary.
  public static var monotonicSeconds: Double { seconds(CLOCK_MONOTONIC) }

  /// Seconds of processor time that all threads of this process have used.
  public static var processSeconds: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

  /// The number of processor cores that this process may use, at least 1.
  public static var coreCount: Int {
    Swift.max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }

  /// The most memory in bytes that this process has held at once, as the kernel counts it; 0 if it
  /// does not say.
  public static var peakMemory: Int {
    #if os(Linux)
      // The kernel's own count: the one of getrusage survives exec and so may be the parent's.
      if let status = try? readFile("/proc/self/status") {
        let text = status.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        for line in text.split(separator: "\n") where line.hasPrefix("VmHWM:") {
          let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
          if fields.count > 1, let kibibytes = Int(fields[1]) { return kibibytes * 1024 }
        }
      }
    #endif
    var usage = rusage()
    #if os(Linux)
      return getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0
        ? usage.ru_maxrss * 1024 : 0
    #else
      return getrusage(RUSAGE_SELF, &usage) == 0 ? Int(usage.ru_maxrss) : 0
    #endif
  }

  /// What the C library says of the error of its last call.
  static func errorText(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }

  /// A failure about a file, from the error of the C library's last call.
  static func fileFailure(_ doing: String, _ path: String, _ code: Int32 = errno) -> Failure {
    let origin = Origin(file: path)
    switch code {
    case ENOENT: return Failure("cannot \(doing): there is no such file or folder", at: origin)
    case EISDIR: return Failure("cannot \(doing): it is a folder", at: origin)
    case EACCES, EPERM: return Failure("cannot \(doing): permission denied", at: origin)
    default: return Failure("cannot \(doing): \(errorText(code).lowercased())", at: origin)
    }
  }

  /// Refuses what cannot be a path: the empty string and one with a zero character, where the C
  /// library would see its end.
  static func checkPath(_ path: String) throws(Failure) {
    if path.isEmpty { throw Failure("an empty file name") }
    if path.utf8.contains(0) { throw Failure("a file name with a zero character in it") }
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

// SPDX-License-Identifier: Apache-2.0
#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension Platform {
  /// The streams that every process has.
  public enum Stream: Int32, Sendable { case input = 0, output = 1, error = 2 }

  /// Whether a stream is a terminal.
  public static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

  /// The columns of the terminal behind a stream, or nil if none is behind it or it does not say.
  public static func terminalWidth(_ stream: Stream) -> Int? {
    var size = winsize()
    guard ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }
}

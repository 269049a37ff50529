// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport

/// Decompresses deflate streams (RFC 1951).
public enum Inflate {
  /// The content of a deflate stream, which must be `size` bytes long. Memory grows with what the
  /// stream holds, never beyond `size`. Throws for a stream that is malformed, truncated, longer or
  /// shorter.
  public static func decode(_ stream: Bytes, size: Int) throws(Failure) -> Bytes {
    // No stream can hold more than 258 bytes for each two bits and a few for each block.
    guard size >= 0, size / 1100 <= stream.count + 1 else { throw InflateState.wrongSize }
    return try stream.withUnsafeBytes { (buffer) throws(Failure) in
      var state = InflateState(input: buffer, size: size)
      try state.run()
      return state.finish()
    }
  }
}

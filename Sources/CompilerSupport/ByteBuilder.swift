// SPDX-License-Identifier: Apache-2.0

/// Bytes that grow at their end and become `Bytes` without being copied. The memory is aligned to
/// 64.
public struct ByteBuilder: ~Copyable {
  private var memory: UnsafeMutableRawBufferPointer
  /// The number of bytes so far.
  public private(set) var count = 0

  /// No bytes yet, with room for `capacity`.
  public init(capacity: Int = 0) { memory = Self.allocate(capacity) }

  deinit { memory.deallocate() }

  /// The bytes that fit without growing.
  public var capacity: Int { memory.count }

  /// The bytes so far; valid until the builder grows or goes.
  public var written: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: memory[..<count])
  }

  /// The memory behind the bytes so far, not initialised, to be filled and then claimed by
  /// `advance`; valid until the builder grows or goes.
  public var space: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: memory[count...])
  }

  /// Claims bytes that have been written to `space`.
  public mutating func advance(by added: Int) {
    precondition(added >= 0 && added <= capacity - count, "more bytes than there is room for")
    count += added
  }

  /// Makes room for `more` bytes; grows by at least half, so that many small steps stay cheap.
  public mutating func reserve(_ more: Int) {
    guard more > capacity - count else { return }
    let larger = Self.allocate(Swift.max(count + more, capacity + capacity / 2))
    larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
    memory.deallocate()
    memory = larger
  }

  /// Appends a copy of a buffer.
  public mutating func append(_ buffer: UnsafeRawBufferPointer) {
    guard buffer.count > 0 else { return }
    reserve(buffer.count)
    space.copyMemory(from: buffer)
    count += buffer.count
  }

  /// Appends a copy of bytes.
  public mutating func append(_ bytes: Bytes) {
    bytes.withUnsafeBytes { append($0) }
  }

  /// Appends the UTF-8 of a text.
  public mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Appends an integer, lowest byte first.
  public mutating func append<T: FixedWidthInteger & BitwiseCopyable>(littleEndian value: T) {
    withUnsafeBytes(of: value.littleEndian) { append($0) }
  }

  /// The bytes; the builder is used up.
  public consuming func finish() -> Bytes {
    let (memory, count) = (memory, count)
    discard self
    guard let base = memory.baseAddress else { unreachable("the builder always holds memory") }
    return Bytes(HeapBytes(base: UnsafeRawPointer(base), count: count))
  }

  private static func allocate(_ capacity: Int) -> UnsafeMutableRawBufferPointer {
    .allocate(byteCount: Swift.max(capacity, 64), alignment: 64)
  }
}

extension Bytes {
  /// The same bytes at an address that is a multiple of `alignment` (at most 64): themselves if
  /// they lie so, a copy otherwise.
  public func aligned(to alignment: Int) -> Bytes {
    let address = withUnsafeBytes { Int(bitPattern: $0.baseAddress) }
    guard address % alignment != 0 else { return self }
    var copy = ByteBuilder(capacity: count)
    copy.append(self)
    return copy.finish()
  }

  /// The bytes as text, or nil if they are not UTF-8.
  public var validText: String? {
    withUnsafeBytes { buffer in
      let text = String(decoding: buffer, as: UTF8.self)
      return text.utf8.elementsEqual(buffer) ? text : nil
    }
  }

  /// The bytes as text, with what is not UTF-8 replaced.
  public var repairedText: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}

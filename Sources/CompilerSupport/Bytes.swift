// SPDX-License-Identifier: Apache-2.0

/// Memory that bytes are a view of; it lives as long as any view does and never changes.
public class ByteOwner: @unchecked Sendable {
  /// The first byte; of bytes that are made anew at each use, of no meaning.
  public let base: UnsafeRawPointer
  /// The number of bytes.
  public let count: Int

  /// An owner of memory that a subclass releases in its `deinit`.
  public init(base: UnsafeRawPointer, count: Int) {
    self.base = base
    self.count = count
  }

  /// The bytes, if they are kept nowhere and have to be made for each use.
  func remade() -> Bytes? { nil }

  /// Gives memory of a range back that can be had again (a file's); does nothing for other memory.
  func release(_ range: Range<Int>) {}
}

/// Bytes that a function makes when they are used.
private final class DeferredBytes: ByteOwner, @unchecked Sendable {
  private let make: @Sendable () -> Bytes

  init(count: Int, _ make: @escaping @Sendable () -> Bytes) {
    self.make = make
    super.init(base: UnsafeRawPointer(bitPattern: 64)!, count: count)
  }

  override func remade() -> Bytes? {
    let bytes = make()
    precondition(bytes.count == count, "deferred bytes are as many as announced")
    return bytes
  }
}

/// Bytes on the heap.
final class HeapBytes: ByteOwner, @unchecked Sendable {
  deinit { UnsafeMutableRawPointer(mutating: base).deallocate() }
}

/// An immutable run of bytes, shared when copied: heap memory or part of a mapped file.
public struct Bytes: Sendable {
  /// Keeps the memory alive.
  let owner: ByteOwner?
  let start: Int
  /// The number of bytes.
  public let count: Int

  /// No bytes.
  public init() {
    owner = nil
    start = 0
    count = 0
  }

  /// All bytes of an owner.
  public init(_ owner: ByteOwner) {
    self.owner = owner
    start = 0
    count = owner.count
  }

  /// `count` bytes on the heap, aligned to 64, filled by `fill` (zero before it is called).
  public init<E: Error>(
    count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) {
    if let pages = ZeroPages(count: count) {
      try fill(pages.memory)
      self.init(pages)
      return
    }
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Swift.max(count, 1), alignment: 64)
    memory.initializeMemory(as: UInt8.self, repeating: 0)
    let heap = HeapBytes(base: UnsafeRawPointer(memory.baseAddress!), count: count)
    try fill(UnsafeMutableRawBufferPointer(start: memory.baseAddress, count: count))
    self.init(heap)
  }

  /// `count` bytes that `make` computes anew at each use and nobody keeps: large data that is read
  /// once, from beginning to end. Take a copy before reading such bytes one by one.
  public init(count: Int, deferred make: @escaping @Sendable () -> Bytes) {
    self.init(DeferredBytes(count: count, make))
  }

  /// A copy of the bytes of a collection.
  public init(_ bytes: some Collection<UInt8>) {
    self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
  }

  /// A copy of the memory of an array of plain values, in the machine's byte order.
  public init<Element: BitwiseCopyable>(copying elements: [Element]) {
    self = elements.withUnsafeBytes { source in
      Bytes(count: source.count) { $0.copyMemory(from: source) }
    }
  }

  private init(owner: ByteOwner?, start: Int, count: Int) {
    self.owner = owner
    self.start = start
    self.count = count
  }

  /// The bytes of a range, which must lie inside; shares the memory.
  public subscript(range: Range<Int>) -> Bytes {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside the bytes")
    return Bytes(owner: owner, start: start + range.lowerBound, count: range.count)
  }

  /// The byte at an offset, which must lie inside.
  public subscript(offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < count, "offset outside the bytes")
    if let made = owner!.remade() { return made[start + offset] }
    return owner!.base.load(fromByteOffset: start + offset, as: UInt8.self)
  }

  /// Calls `body` with the memory; the pointer may be unaligned and is valid only during the call.
  public func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    if let made = owner?.remade() {
      return try made[start..<start + count].withUnsafeBytes(body)
    }
    let pointer = UnsafeRawBufferPointer(start: owner.map { $0.base + start }, count: count)
    defer { withExtendedLifetime(owner) {} }
    return try body(pointer)
  }

  /// Calls `body` with the bytes as values of a plain type, in the machine's byte order; copies
  /// them first if they are not aligned for it. Bytes beyond the last whole value are left out.
  public func withElements<Element: BitwiseCopyable, R, E: Error>(
    of type: Element.Type, _ body: (UnsafeBufferPointer<Element>) throws(E) -> R
  ) throws(E) -> R {
    let whole = count / MemoryLayout<Element>.stride
    guard let owner, whole > 0 else { return try body(UnsafeBufferPointer(start: nil, count: 0)) }
    if let made = owner.remade() {
      return try made[start..<start + count].withElements(of: type, body)
    }
    let address = owner.base + start
    guard Int(bitPattern: address) % MemoryLayout<Element>.alignment == 0 else {
      let aligned = Bytes(count: count) { destination in
        destination.copyMemory(from: UnsafeRawBufferPointer(start: address, count: count))
      }
      return try aligned.withElements(of: type, body)
    }
    defer { withExtendedLifetime(owner) {} }
    let elements = address.assumingMemoryBound(to: Element.self)
    return try body(UnsafeBufferPointer(start: elements, count: whole))
  }
}

extension Bytes {
  /// Says that bytes of a mapped file are not needed soon: their pages leave memory and are read
  /// again from the file if they are touched. Other bytes are left alone.
  public func release() { owner?.release(start..<start + count) }
}

extension Bytes: Equatable {
  public static func == (a: Bytes, b: Bytes) -> Bool {
    guard a.count == b.count else { return false }
    if a.owner === b.owner, a.start == b.start { return true }
    return a.withUnsafeBytes { x in b.withUnsafeBytes { y in x.elementsEqual(y) } }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

/// The state of decompression: a window of up to 64 bits of the input, and the output so far.
struct InflateState: ~Copyable {
  let input: UnsafeRawBufferPointer
  let size: Int
  var position = 0
  var window: UInt64 = 0
  /// The valid bits of the window; those above are zero.
  var available: UInt64 = 0
  private var output: ByteBuilder
  /// The memory of the output, how much of it is written and how much may be.
  var base: UnsafeMutableRawPointer
  var count = 0
  var capacity: Int
  /// Room behind the output that copies by words may write to.
  private static let slack = 8

  init(input: UnsafeRawBufferPointer, size: Int) {
    self.input = input
    self.size = size
    capacity = Swift.min(size, Swift.max(65536, input.count * 3))
    output = ByteBuilder(capacity: capacity + Self.slack)
    base = Self.memory(of: output)
  }

  static var wrongSize: Failure {
    Failure("compressed data that does not have the size that the archive says")
  }
  static var truncated: Failure { Failure("compressed data that ends too early") }
  static var malformed: Failure { Failure("compressed data that is damaged") }

  consuming func finish() -> Bytes {
    output.advance(by: count - output.count)
    return output.finish()
  }

  mutating func run() throws(Failure) {
    var isLast = false
    while !isLast {
      isLast = try bits(1) == 1
      switch try bits(2) {
      case 0: try storedBlock()
      case 1: try compressedBlock(DeflateCodes.fixed)
      case 2: try compressedBlock(try dynamicCodes())
      default: throw Self.malformed
      }
    }
    guard count == size else { throw Self.wrongSize }
  }

  /// Fills the window with at least 48 bits, or with what the input still has.
  private mutating func refill() {
    if input.count &- position >= 8, let start = input.baseAddress {
      let next = UInt64(
        littleEndian: start.loadUnaligned(fromByteOffset: position, as: UInt64.self))
      let taken = (63 &- available) &>> 3
      // Bits beyond the whole bytes taken are cut, so that those above `available` stay zero.
      window |= next &<< available
      available &+= taken &<< 3
      window &= ~0 &>> (64 &- available)
      position &+= Int(taken)
    } else {
      while available <= 55, position < input.count {
        window |= UInt64(input[position]) &<< available
        available &+= 8
        position &+= 1
      }
    }
  }

  private mutating func drop(_ count: UInt64) throws(Failure) {
    guard count <= available else { throw Self.truncated }
    window &>>= count
    available &-= count
  }

  private mutating func bits(_ count: UInt64) throws(Failure) -> Int {
    if available < count { refill() }
    let value = Int(window & (1 &<< count &- 1))
    try drop(count)
    return value
  }

  private mutating func storedBlock() throws(Failure) {
    try drop(available & 7)
    let length = try bits(16)
    guard try bits(16) == length ^ 0xFFFF else { throw Self.malformed }
    // The window holds whole bytes now: they are the block's first, so give them back.
    position -= Int(available / 8)
    (window, available) = (0, 0)
    guard length <= input.count - position else { throw Self.truncated }
    if length > capacity - count { try grow(length) }
    if length > 0, let start = input.baseAddress {
      (base + count).copyMemory(from: start + position, byteCount: length)
    }
    count += length
    position += length
  }

  private mutating func dynamicCodes() throws(Failure) -> DeflateCodes {
    let literals = try bits(5) + 257
    let distances = try bits(5) + 1
    let count = try bits(4) + 4
    var order = [UInt8](repeating: 0, count: 19)
    for i in 0..<count { order[DeflateCodes.lengthOrder[i]] = UInt8(try bits(3)) }
    guard
      let code = HuffmanTable(
        lengths: order, primaryBits: 7, mayBeEmpty: false, meaning: { (.literal, 0, $0) })
    else { throw Self.malformed }
    var lengths: [UInt8] = []
    while lengths.count < literals + distances {
      refill()
      let entry = code.entries[Int(window & 0x7F)]
      guard entry.isLiteral else { throw available == 0 ? Self.truncated : Self.malformed }
      try drop(entry.length)
      switch entry.value {
      case 16:
        guard let last = lengths.last else { throw Self.malformed }
        lengths += repeatElement(last, count: try bits(2) + 3)
      case 17: lengths += repeatElement(0, count: try bits(3) + 3)
      case 18: lengths += repeatElement(0, count: try bits(7) + 11)
      default: lengths.append(UInt8(entry.value))
      }
    }
    guard lengths.count == literals + distances, lengths[256] > 0,
      let codes = DeflateCodes(
        literals: Array(lengths[..<literals]), distances: Array(lengths[literals...]))
    else { throw Self.malformed }
    return codes
  }

  private mutating func compressedBlock(_ codes: DeflateCodes) throws(Failure) {
    let failure = codes.literals.entries.withUnsafeBufferPointer { literals in
      codes.distances.entries.withUnsafeBufferPointer { distances in
        do throws(Failure) {
          try decodeSymbols(literals, distances)
          return nil as Failure?
        } catch {
          return error
        }
      }
    }
    if let failure { throw failure }
  }

  private mutating func decodeSymbols(
    _ literals: UnsafeBufferPointer<HuffmanTable.Entry>,
    _ distances: UnsafeBufferPointer<HuffmanTable.Entry>
  ) throws(Failure) {
    let literalMask = UInt64(1 << DeflateCodes.literalBits - 1)
    let distanceMask = UInt64(1 << DeflateCodes.distanceBits - 1)
    while true {
      if try decodeQuickly(literals, distances) { return }
      // One symbol near the end of the input or of the output, with every step checked. Up to 15 +
      // 5 bits for a length and 15 + 13 for a distance: one filling lasts for all.
      refill()
      let entry = try resolve(literals[Int(window & literalMask)], literals)
      if entry.isLiteral {
        try drop(entry.length)
        try put(UInt8(truncatingIfNeeded: entry.value))
      } else if entry.kind == HuffmanTable.Kind.end.rawValue {
        return try drop(entry.length)
      } else {
        let length = try number(entry)
        let distance = try number(resolve(distances[Int(window & distanceMask)], distances))
        try copy(length: length, distance: distance)
      }
    }
  }

  /// The entry itself, or the one of the second table that it leads to.
  private mutating func resolve(
    _ entry: HuffmanTable.Entry, _ table: UnsafeBufferPointer<HuffmanTable.Entry>
  ) throws(Failure) -> HuffmanTable.Entry {
    guard entry.kind == HuffmanTable.Kind.second.rawValue else { return entry }
    try drop(entry.length)
    return table[entry.value &+ Int(window & (1 &<< entry.extra &- 1))]
  }

  /// The value of an entry with extra bits, both consumed.
  private mutating func number(_ entry: HuffmanTable.Entry) throws(Failure) -> Int {
    guard entry.kind == HuffmanTable.Kind.base.rawValue else {
      throw position >= input.count && available < 15 ? Self.truncated : Self.malformed
    }
    try drop(entry.length)
    let extra = Int(window & (1 &<< entry.extra &- 1))
    try drop(entry.extra)
    return entry.value &+ extra
  }

  private mutating func put(_ byte: UInt8) throws(Failure) {
    if count >= capacity { try grow(1) }
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count &+= 1
  }

  private mutating func copy(length: Int, distance: Int) throws(Failure) {
    guard distance <= count else { throw Self.malformed }
    if capacity &- count < length { try grow(length) }
    Self.copy(length, to: base + count, distance: distance)
    count &+= length
  }

  /// Makes room for `more` bytes, doubling what there is but never beyond the size.
  private mutating func grow(_ more: Int) throws(Failure) {
    guard more <= size - count else { throw Self.wrongSize }
    output.advance(by: count - output.count)
    capacity = Swift.min(size, Swift.max(count + more, 2 * count))
    output.reserve(capacity + Self.slack - count)
    base = Self.memory(of: output)
  }

  private static func memory(of output: borrowing ByteBuilder) -> UnsafeMutableRawPointer {
    guard let space = output.space.baseAddress else {
      unreachable("a builder always has memory")
    }
    return space - output.count
  }
}

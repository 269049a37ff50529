// SPDX-License-Identifier: Apache-2.0
import CompilerSupport

extension InflateState {
  /// Decodes symbols while input and output both have room for a whole step, so that nothing but
  /// the stream itself needs checking. True if the block has ended, false if the room is used up.
  mutating func decodeQuickly(
    _ literals: UnsafeBufferPointer<HuffmanTable.Entry>,
    _ distances: UnsafeBufferPointer<HuffmanTable.Entry>
  ) throws(Failure) -> Bool {
    guard let start = input.baseAddress, let literals = literals.baseAddress,
      let distances = distances.baseAddress
    else { return false }
    let literalMask = UInt64(1 << DeflateCodes.literalBits - 1)
    let distanceMask = UInt64(1 << DeflateCodes.distanceBits - 1)
    let lastStart = input.count - 16
    // A step writes two literals and a match at most.
    let lastCount = capacity - 260
    let output = base
    // The state in variables of this function: memory behind `self` would be read and written at
    // each step. Bits of the window above `available` are those of the bytes that come next.
    var (window, available) = (self.window, self.available)
    var (position, count) = (self.position, self.count)
    defer {
      self.window = available == 0 ? 0 : window & ~0 &>> (64 &- available)
      (self.available, self.position, self.count) = (available, position, count)
    }
    while position <= lastStart, count <= lastCount {
      Self.fill(&window, &available, &position, start)
      var entry = literals[Int(window & literalMask)]
      if entry.isLiteral {
        window &>>= entry.length
        available &-= entry.length
        output.storeBytes(
          of: UInt8(truncatingIfNeeded: entry.value), toByteOffset: count, as: UInt8.self)
        count &+= 1
        entry = literals[Int(window & literalMask)]
        if entry.isLiteral {
          window &>>= entry.length
          available &-= entry.length
          output.storeBytes(
            of: UInt8(truncatingIfNeeded: entry.value), toByteOffset: count, as: UInt8.self)
          count &+= 1
          continue
        }
        Self.fill(&window, &available, &position, start)
      }
      if entry.kind == HuffmanTable.Kind.second.rawValue {
        window &>>= entry.length
        available &-= entry.length
        entry = literals[entry.value &+ Int(window & (1 &<< entry.extra &- 1))]
      }
      let kind = entry.kind
      guard kind != HuffmanTable.Kind.none.rawValue else { throw Self.malformed }
      window &>>= entry.length
      available &-= entry.length
      if kind == HuffmanTable.Kind.literal.rawValue {
        output.storeBytes(
          of: UInt8(truncatingIfNeeded: entry.value), toByteOffset: count, as: UInt8.self)
        count &+= 1
        continue
      }
      if kind == HuffmanTable.Kind.end.rawValue { return true }
      let length = Self.number(entry, &window, &available)
      entry = distances[Int(window & distanceMask)]
      if entry.kind == HuffmanTable.Kind.second.rawValue {
        window &>>= entry.length
        available &-= entry.length
        entry = distances[entry.value &+ Int(window & (1 &<< entry.extra &- 1))]
      }
      guard entry.kind == HuffmanTable.Kind.base.rawValue else { throw Self.malformed }
      window &>>= entry.length
      available &-= entry.length
      let distance = Self.number(entry, &window, &available)
      guard distance <= count else { throw Self.malformed }
      Self.copy(length, to: output + count, distance: distance)
      count &+= length
    }
    return false
  }

  /// Fills the window with at least 56 bits from an input that has 8 bytes more.
  @inline(__always)
  private static func fill(
    _ window: inout UInt64, _ available: inout UInt64, _ position: inout Int,
    _ start: UnsafeRawPointer
  ) {
    let next = start.loadUnaligned(fromByteOffset: position, as: UInt64.self)
    window |= UInt64(littleEndian: next) &<< available
    position &+= Int((63 &- available) &>> 3)
    available |= 56
  }

  /// The value of an entry whose code is consumed already, with its extra bits.
  @inline(__always)
  private static func number(
    _ entry: HuffmanTable.Entry, _ window: inout UInt64, _ available: inout UInt64
  ) -> Int {
    let extra = Int(window & (1 &<< entry.extra &- 1))
    window &>>= entry.extra
    available &-= entry.extra
    return entry.value &+ extra
  }

  /// Repeats `length` bytes that lie `distance` before `to`; up to seven bytes behind them may be
  /// written as well.
  @inline(__always)
  static func copy(_ length: Int, to place: UnsafeMutableRawPointer, distance: Int) {
    var to = place
    var from = UnsafeRawPointer(to) - distance
    let end = to + length
    if distance >= 8 {
      while to < end {
        to.storeBytes(of: from.loadUnaligned(as: UInt64.self), as: UInt64.self)
        to += 8
        from += 8
      }
    } else if distance == 1 {
      to.initializeMemory(as: UInt8.self, repeating: from.load(as: UInt8.self), count: length)
    } else {
      while to < end {
        to.storeBytes(of: from.load(as: UInt8.self), as: UInt8.self)
        to += 1
        from += 1
      }
    }
  }
}

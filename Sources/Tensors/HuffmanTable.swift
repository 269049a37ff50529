// SPDX-License-Identifier: Apache-2.0

/// A decoding table for a prefix code of deflate (RFC 1951, 3.2.2): looked up with the next
/// `primaryBits` bits of the stream; longer codes go on in a second table.
struct HuffmanTable {
  /// What a code stands for, packed as: bits 0–7 the bits to consume, 8–11 how many extra bits
  /// follow, 12–15 the kind, 16–31 the value.
  struct Entry {
    let bits: UInt32

    init(_ kind: Kind, length: Int, extra: Int, value: Int) {
      bits = UInt32(length) | UInt32(extra) << 8 | kind.rawValue << 12 | UInt32(value) << 16
    }

    /// The bits to consume.
    var length: UInt64 { UInt64(bits & 0xFF) }
    /// How many bits follow that are added to the value; of a `second` entry, the index bits.
    var extra: UInt64 { UInt64(bits >> 8 & 0xF) }
    /// The rest, as `Kind` says.
    var value: Int { Int(bits >> 16) }
    var isLiteral: Bool { bits >> 12 & 0xF == Kind.literal.rawValue }
    var kind: UInt32 { bits >> 12 & 0xF }
  }

  /// What an entry stands for: nothing (a code that the stream may not use), a byte, a base to
  /// which extra bits are added, the end of the block, or the place of a second table.
  enum Kind: UInt32 { case none = 0, literal, base, end, second }

  /// What symbols stand for: kind, extra bits and value.
  typealias Meaning = (kind: Kind, extra: Int, value: Int)

  private(set) var entries: [Entry] = []
  let primaryBits: Int

  static let longestCode = 15

  /// The table of a code given by the length of each symbol's code (0: the symbol does not occur),
  /// or nil if the lengths are not those of a complete prefix code. A code of a single symbol of
  /// one bit is allowed though it is not complete, and so is one without symbols if `mayBeEmpty`.
  init?(lengths: [UInt8], primaryBits: Int, mayBeEmpty: Bool, meaning: (Int) -> Meaning) {
    self.primaryBits = primaryBits
    var counts = [Int](repeating: 0, count: Self.longestCode + 1)
    for length in lengths { counts[Int(length)] += 1 }
    let used = lengths.count - counts[0]
    counts[0] = 0
    var next = [Int](repeating: 0, count: Self.longestCode + 2)
    var space = 1
    for length in 1...Self.longestCode {
      space = space << 1 - counts[length]
      guard space >= 0 else { return nil }
      next[length + 1] = (next[length] + counts[length]) << 1
    }
    let isSingle = used == 1 && counts[1] == 1
    guard space == 0 || isSingle || used == 0 && mayBeEmpty else { return nil }
    entries = Array(
      repeating: Entry(.none, length: 0, extra: 0, value: 0), count: 1 << primaryBits)
    fill(lengths, next, meaning)
  }

  private mutating func fill(
    _ lengths: [UInt8], _ firstCodes: [Int], _ meaning: (Int) -> Meaning
  ) {
    var next = firstCodes
    let primaryMask = 1 << primaryBits - 1
    var longest = [Int](repeating: 0, count: 1 << primaryBits)
    var codes: [(symbol: Int, length: Int, reversed: Int)] = []
    for (symbol, length) in lengths.enumerated() where length > 0 {
      let length = Int(length)
      let reversed = Self.reverse(next[length], length)
      next[length] += 1
      codes.append((symbol, length, reversed))
      if length > primaryBits {
        longest[reversed & primaryMask] = Swift.max(longest[reversed & primaryMask], length)
      }
    }
    for (symbol, length, reversed) in codes {
      let (kind, extra, value) = meaning(symbol)
      if length <= primaryBits {
        let entry = Entry(kind, length: length, extra: extra, value: value)
        var index = reversed
        while index <= primaryMask {
          entries[index] = entry
          index += 1 << length
        }
      } else {
        let prefix = reversed & primaryMask
        let indexBits = longest[prefix] - primaryBits
        if entries[prefix].kind != Kind.second.rawValue {
          let place = entries.count
          entries[prefix] = Entry(.second, length: primaryBits, extra: indexBits, value: place)
          entries += Array(
            repeating: Entry(.none, length: 0, extra: 0, value: 0), count: 1 << indexBits)
        }
        let entry = Entry(kind, length: length - primaryBits, extra: extra, value: value)
        var index = reversed >> primaryBits
        while index < 1 << indexBits {
          entries[entries[prefix].value + index] = entry
          index += 1 << (length - primaryBits)
        }
      }
    }
  }

  private static func reverse(_ code: Int, _ length: Int) -> Int {
    var (code, reversed) = (code, 0)
    for _ in 0..<length {
      reversed = reversed << 1 | code & 1
      code >>= 1
    }
    return reversed
  }
}

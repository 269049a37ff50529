// SPDX-License-Identifier: Apache-2.0

/// Elements of a piece of memory, by position: those that were written.
struct ElementSet {
  private var words: [UInt64]
  /// The positions that there are.
  let count: Int
  /// Memory with more elements is not kept track of: 32 MiB of bits, for tensors that no device holds.
  static let largestCount = 1 << 28

  /// No element of `count`.
  init(count: Int) {
    self.count = count
    words = Array(repeating: 0, count: (count + 63) / 64)
  }

  /// Enters the elements of a range; what lies outside of the memory is left out.
  mutating func insert(_ range: Range<Int>) {
    let low = max(range.lowerBound, 0)
    let high = min(range.upperBound, count)
    guard low < high else { return }
    let (first, last) = (low / 64, (high - 1) / 64)
    let head = UInt64.max << UInt64(low % 64)
    let tail = UInt64.max >> UInt64(63 - (high - 1) % 64)
    if first == last {
      words[first] |= head & tail
      return
    }
    words[first] |= head
    for word in first + 1..<last { words[word] = .max }
    words[last] |= tail
  }

  /// Enters `times` elements, each `stride` after the one before; what lies outside of the memory is left out.
  mutating func insert(from start: Int, every stride: Int, _ times: Int) {
    let size = count
    var span = words.mutableSpan
    var element = start
    for _ in 0..<times {
      if element >= 0, element < size { span[element >> 6] |= 1 << UInt64(element & 63) }
      element += stride
    }
  }

  /// Enters the elements of another set, `offset` positions further on.
  mutating func formUnion(_ other: ElementSet, movedBy offset: Int) {
    let (whole, bits) = (offset / 64, UInt64(offset % 64))
    for (i, word) in other.words.enumerated() where word != 0 {
      let place = whole + i
      if place < words.count { words[place] |= word << bits }
      if bits > 0, place + 1 < words.count { words[place + 1] |= word >> (64 - bits) }
    }
  }

  /// Leaves only the elements that are in the other set too, which has as many positions.
  mutating func formIntersection(_ other: ElementSet) {
    for i in words.indices { words[i] &= other.words[i] }
  }

  /// Whether all elements are in another set too, which has as many positions.
  func isSubset(of other: ElementSet) -> Bool {
    words.indices.allSatisfy { words[$0] & ~other.words[$0] == 0 }
  }

  /// Calls `body` with each element.
  func forEach(_ body: (Int) -> Void) {
    for (i, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        body(i * 64 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
  }

  /// The first position of a range that is not in the set, or nil.
  func firstMissing(_ range: Range<Int>) -> Int? {
    let low = max(range.lowerBound, 0)
    let high = min(range.upperBound, count)
    guard low < high else { return nil }
    let (first, last) = (low / 64, (high - 1) / 64)
    for word in first...last where words[word] != .max {
      var missing = ~words[word]
      if word == first { missing &= UInt64.max << UInt64(low % 64) }
      if word == last { missing &= UInt64.max >> UInt64(63 - (high - 1) % 64) }
      if missing != 0 { return word * 64 + missing.trailingZeroBitCount }
    }
    return nil
  }
}

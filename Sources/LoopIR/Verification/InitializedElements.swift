// SPDX-License-Identifier: Apache-2.0

/// Which elements of a piece of memory hold a value that was written.
struct InitializedElements {
  private var words: [UInt64]
  private let count: Int

  /// Memory of `count` elements, none of them written.
  init(count: Int) {
    self.count = count
    words = Array(repeating: 0, count: (count + 63) / 64)
  }

  /// Marks elements as written.
  mutating func insert(_ range: Range<Int>) {
    forEachWord(range) { word, mask in words[word] |= mask }
  }

  /// The first element of a range that was not written, or nil.
  func firstMissing(_ range: Range<Int>) -> Int? {
    var missing: Int?
    forEachWord(range) { word, mask in
      if missing == nil, words[word] & mask != mask {
        missing = word * 64 + (~words[word] & mask).trailingZeroBitCount
      }
    }
    return missing
  }

  private func forEachWord(_ range: Range<Int>, _ body: (_ word: Int, _ mask: UInt64) -> Void) {
    let range = range.clamped(to: 0..<count)
    guard !range.isEmpty else { return }
    let (first, last) = (range.lowerBound / 64, (range.upperBound - 1) / 64)
    for word in first...last {
      var mask = UInt64.max
      if word == first { mask &= UInt64.max << UInt64(range.lowerBound % 64) }
      if word == last { mask &= UInt64.max >> UInt64(63 - (range.upperBound - 1) % 64) }
      body(word, mask)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0

/// A SHA-256 digest (FIPS 180-4).
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  /// The eight 32-bit words, first word first.
  let words: SIMD8<UInt32>

  /// The digest of bytes.
  public init(of bytes: Bytes) {
    var stream = Stream()
    stream.update(bytes)
    self = stream.finish()
  }

  /// The digest of a text's UTF-8.
  public init(of text: String) {
    var (stream, text) = (Stream(), text)
    text.withUTF8 { stream.update(UnsafeRawBufferPointer($0)) }
    self = stream.finish()
  }

  init(words: SIMD8<UInt32>) { self.words = words }

  /// The digest as 64 lower-case hexadecimal digits.
  public var hex: String {
    (0..<8).map { i in
      let digits = String(words[i], radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  public var description: String { hex }

  /// Computes a digest from bytes that come one piece after the other.
  public struct Stream: Sendable {
    private var state = SIMD8<UInt32>(
      0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
      0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19)
    /// What has come since the last whole block of 64 bytes.
    private var rest: [UInt8] = []
    private var length: UInt64 = 0

    /// No bytes yet.
    public init() {}

    /// Takes the next bytes.
    public mutating func update(_ bytes: Bytes) { bytes.withUnsafeBytes { update($0) } }

    /// Takes the next bytes.
    public mutating func update(_ buffer: UnsafeRawBufferPointer) {
      length &+= UInt64(buffer.count)
      var start = 0
      if !rest.isEmpty {
        start = Swift.min(64 - rest.count, buffer.count)
        rest.append(contentsOf: buffer[..<start])
        guard rest.count == 64 else { return }
        rest.withUnsafeBytes { SHA256.compress($0, into: &state) }
        rest.removeAll(keepingCapacity: true)
      }
      let whole = (buffer.count - start) / 64 * 64
      if whole > 0 {
        let blocks = UnsafeRawBufferPointer(rebasing: buffer[start..<start + whole])
        SHA256.compress(blocks, into: &state)
      }
      rest.append(contentsOf: buffer[(start + whole)...])
    }

    /// The digest of what has come so far.
    public func finish() -> Digest {
      var (tail, state) = (rest + [0x80], state)
      while tail.count % 64 != 56 { tail.append(0) }
      let bits = length &* 8
      for shift in stride(from: 56, through: 0, by: -8) {
        tail.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
      }
      tail.withUnsafeBytes { SHA256.compress($0, into: &state) }
      return Digest(words: state)
    }
  }
}

/// The compression function of SHA-256.
private enum SHA256 {
  /// Works whole blocks of 64 bytes into the state.
  static func compress(_ blocks: UnsafeRawBufferPointer, into state: inout SIMD8<UInt32>) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 16) { schedule in
      constants.withUnsafeBufferPointer { k in
        guard let w = schedule.baseAddress, let k = k.baseAddress, let data = blocks.baseAddress
        else { return }
        var block = data
        let end = data + blocks.count
        while block < end {
          rounds(block, w, k, &state)
          block += 64
        }
      }
    }
  }

  /// The 64 rounds of a block. The message schedule keeps its last 16 words and is made along with
  /// the rounds, so that the processor does both at once.
  @inline(__always)
  private static func rounds(
    _ block: UnsafeRawPointer, _ w: UnsafeMutablePointer<UInt32>, _ k: UnsafePointer<UInt32>,
    _ state: inout SIMD8<UInt32>
  ) {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    var i = 0
    while i < 16 {
      for j in 0..<8 { w[i &+ j] = word(block, i &+ j) }
      eight(&a, &b, &c, &d, &e, &f, &g, &h, w + i, k + i)
      i &+= 8
    }
    while i < 64 {
      next(w, 0, 1, 9, 14)
      next(w, 1, 2, 10, 15)
      next(w, 2, 3, 11, 0)
      next(w, 3, 4, 12, 1)
      next(w, 4, 5, 13, 2)
      next(w, 5, 6, 14, 3)
      next(w, 6, 7, 15, 4)
      next(w, 7, 8, 0, 5)
      eight(&a, &b, &c, &d, &e, &f, &g, &h, w, k + i)
      next(w, 8, 9, 1, 6)
      next(w, 9, 10, 2, 7)
      next(w, 10, 11, 3, 8)
      next(w, 11, 12, 4, 9)
      next(w, 12, 13, 5, 10)
      next(w, 13, 14, 6, 11)
      next(w, 14, 15, 7, 12)
      next(w, 15, 0, 8, 13)
      eight(&a, &b, &c, &d, &e, &f, &g, &h, w + 8, k + i + 8)
      i &+= 16
    }
    state = state &+ SIMD8(a, b, c, d, e, f, g, h)
  }

  @inline(__always)
  private static func word(_ block: UnsafeRawPointer, _ i: Int) -> UInt32 {
    UInt32(bigEndian: block.loadUnaligned(fromByteOffset: i &* 4, as: UInt32.self))
  }

  /// The next word of the schedule, in the place of the one 16 before it; the others are those 15,
  /// 7 and 2 before it.
  @inline(__always)
  private static func next(
    _ w: UnsafeMutablePointer<UInt32>, _ place: Int, _ before15: Int, _ before7: Int, _ before2: Int
  ) {
    let (x, y) = (w[before15], w[before2])
    let small0 = rotate(x, 7) ^ rotate(x, 18) ^ (x &>> 3)
    let small1 = rotate(y, 17) ^ rotate(y, 19) ^ (y &>> 10)
    w[place] = (w[place] &+ small0) &+ (w[before7] &+ small1)
  }

  /// Eight rounds, which bring each variable back to its own name.
  @inline(__always)
  private static func eight(
    _ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32, _ d: inout UInt32,
    _ e: inout UInt32, _ f: inout UInt32, _ g: inout UInt32, _ h: inout UInt32,
    _ w: UnsafeMutablePointer<UInt32>, _ k: UnsafePointer<UInt32>
  ) {
    round(a, b, c, &d, e, f, g, &h, w[0] &+ k[0])
    round(h, a, b, &c, d, e, f, &g, w[1] &+ k[1])
    round(g, h, a, &b, c, d, e, &f, w[2] &+ k[2])
    round(f, g, h, &a, b, c, d, &e, w[3] &+ k[3])
    round(e, f, g, &h, a, b, c, &d, w[4] &+ k[4])
    round(d, e, f, &g, h, a, b, &c, w[5] &+ k[5])
    round(c, d, e, &f, g, h, a, &b, w[6] &+ k[6])
    round(b, c, d, &e, f, g, h, &a, w[7] &+ k[7])
  }

  @inline(__always)
  private static func round(
    _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32,
    _ e: UInt32, _ f: UInt32, _ g: UInt32, _ h: inout UInt32, _ w: UInt32
  ) {
    let big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    let choice = g ^ (e & (f ^ g))
    let first = (h &+ w) &+ (big1 &+ choice)
    let big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    let majority = (a & b) | (c & (a | b))
    d = d &+ first
    h = first &+ (big0 &+ majority)
  }

  @inline(__always)
  private static func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 {
    (x &>> n) | (x &<< (32 &- n))
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Testing

@Suite struct Digests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      String(repeating: "a", count: 1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
  ]) func sha256(_ text: String, _ hex: String) {
    #expect(Digest(of: text).hex == hex)
    #expect(Digest(of: Bytes(text.utf8)).hex == hex)
  }

  @Test func piecesGiveTheSameDigest() {
    let bytes = Bytes((0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) })
    let whole = Digest(of: bytes)
    for step in [1, 7, 63, 64, 65, 200] {
      var stream = Digest.Stream()
      for start in stride(from: 0, to: 300, by: step) {
        stream.update(bytes[start..<Swift.min(start + step, 300)])
      }
      #expect(stream.finish() == whole)
    }
  }

  @Test func crc32() {
    #expect(CRC32.checksum(Bytes("123456789".utf8)) == 0xCBF4_3926)
    #expect(CRC32.checksum(Bytes()) == 0)
    let text = Bytes("The quick brown fox jumps over the lazy dog".utf8)
    #expect(CRC32.checksum(text) == 0x414F_A339)
    let front = text[0..<13].withUnsafeBytes { CRC32.checksum($0) }
    let all = text[13..<text.count].withUnsafeBytes { CRC32.checksum($0, previous: front) }
    #expect(all == 0x414F_A339)
  }
}

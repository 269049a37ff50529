// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Testing

/// The bytes of a text of hexadecimal digits.
func hex(_ text: String) -> [UInt8] {
  let digits = Array(text.filter { !$0.isWhitespace }).compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}

/// Expects that no shorter piece of the bytes is accepted, and that damaging any byte does not
/// trap.
func expectRefusal(
  of whole: [UInt8], at location: SourceLocation = #_sourceLocation, _ read: (Bytes) throws -> Void
) {
  for length in whole.indices {
    #expect(throws: Failure.self, "cut to \(length) bytes", sourceLocation: location) {
      try read(Bytes(whole[..<length]))
    }
  }
  for position in whole.indices {
    for value in [0, 0xFF, whole[position] ^ 1, whole[position] ^ 0x80] as [UInt8] {
      var damaged = whole
      damaged[position] = value
      do { try read(Bytes(damaged)) } catch { #expect(error is Failure, sourceLocation: location) }
    }
  }
}

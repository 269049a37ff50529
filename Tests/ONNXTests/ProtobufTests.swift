// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import ONNX
import Testing

@Suite struct ProtobufTests {
  /// The examples of the format's description, and the extremes.
  @Test func writesTheKnownEncodings() {
    var writer = ProtobufWriter()
    writer.int64(1, 150)
    writer.string(2, "testing")
    writer.int64(3, -2)
    writer.float(4, 1)
    writer.packed(6, [3, 270, 86942])
    writer.int64(7, 0)
    writer.string(8, "")
    #expect(
      writer.joined()
        == hex(
          """
          08 96 01  12 07 74 65 73 74 69 6e 67  18 fe ff ff ff ff ff ff ff ff 01
          25 00 00 80 3f  32 06 03 8e 02 9e a7 05
          """))
  }

  @Test(arguments: [0, 1, -1, 127, 128, 1 << 35, Int64.min, Int64.max])
  func readsBackNumbers(value: Int64) throws {
    var writer = ProtobufWriter()
    writer.int64(536_870_911, value, always: true)
    writer.int64s(2, [value, value])
    writer.packed(2, [UInt64(bitPattern: value)])
    var reader = ProtobufReader(writer.joined())
    #expect(try reader.nextField() == 536_870_911)
    #expect(try reader.int64() == value)
    var values: [Int64] = []
    while try reader.nextField() != nil { try reader.int64s(into: &values) }
    #expect(values == [value, value, value])
  }

  @Test func readsFloatsPackedAndNot() throws {
    var reader = ProtobufReader(hex("0d 0000803f  0a 08 000000c0 0000003f"))
    var values: [Float] = []
    while try reader.nextField() != nil { try reader.floats(into: &values) }
    #expect(values == [1, -2, 0.5])
  }

  @Test func skipsWhatIsUnknown() throws {
    // A varint, 64 bits, bytes, 32 bits, and a group with a group and a field in it; then field 1.
    var reader = ProtobufReader(
      hex("10 ff01  19 0000000000000000  22 01 00  2d 00000000  33 3b 10 01 3c 34  08 05"))
    while let number = try reader.nextField() {
      if number == 1 {
        #expect(try reader.int64() == 5)
        return
      }
      try reader.skip()
    }
    Issue.record("field 1 was not found")
  }

  @Test(arguments: [
    ("08", "a number is cut off (at byte 1)"),
    ("08 ff", "a number is cut off (at byte 1)"),
    ("08 ffffffffffffffffff02", "more than 64 bits"),
    ("08 ffffffffffffffffffff01", "more than 64 bits"),
    ("0a 05 00", "a field of 5 bytes is cut off after 1 (at byte 1)"),
    ("0a ffffffffffffffffff01", "is cut off"),
    ("0d 0000", "a value of 4 bytes is cut off after 2"),
    ("09 00", "a value of 8 bytes is cut off after 1"),
    ("00", "0 is not the tag of a field"),
    ("0e", "14 is not the tag of a field"),
    ("8080808010", "is not the tag of a field"),
    ("0b 08 01", "a group does not end"),
    ("0b 14", "another group ends than began"),
    ("0c", "a group ends that did not begin"),
  ])
  func refusesMalformedFields(bytes: String, expected: String) {
    let text = failureText { () throws(Failure) in
      var reader = ProtobufReader(hex(bytes))
      while try reader.nextField() != nil { try reader.skip() }
    }
    #expect(text?.contains(expected) == true, "\(text ?? "no failure")")
  }

  @Test func refusesOtherStorageThanTheSchemas() {
    let text = failureText { () throws(Failure) in _ = try NodeProto(reading: hex("20 05")) }
    #expect(text == "error: field 4 is stored as varint, not as lengthDelimited (at byte 1)")
    let uneven = failureText { () throws(Failure) in
      _ = try TensorProto(reading: hex("22 03 000000"))
    }
    #expect(uneven?.contains("no whole number of 4-byte values") == true)
  }

  @Test func limitsNesting() throws {
    func nested(_ depth: Int) -> Bytes {
      var type = TypeProto()
      for _ in 0..<depth { type = TypeProto(.sequence(of: type)) }
      return type.serialized()
    }
    // Two messages a level: the sequence and its element.
    #expect(try TypeProto(reading: nested(50)).serialized() == nested(50))
    let text = failureText { () throws(Failure) in _ = try TypeProto(reading: nested(51)) }
    #expect(text?.contains("nested more than 100 deep") == true)
    let groups = Bytes([UInt8](repeating: 0x0B, count: 1_000_000))
    let deepGroups = failureText { () throws(Failure) in _ = try ModelProto(reading: groups) }
    #expect(deepGroups != nil)
  }

  @Test func keepsLargePayloadsAsViews() {
    let payload = Bytes([UInt8](repeating: 7, count: 5000))
    var writer = ProtobufWriter()
    writer.nested(1) { outer in
      outer.string(1, "a")
      outer.nested(2) {
        $0.bytes(1, payload)
        $0.int64(2, 1)
      }
    }
    let chunks = writer.chunks()
    #expect(chunks.map(\.count).contains(payload.count))
    let copies = chunks.filter { chunk in
      chunk.withUnsafeBytes { a in payload.withUnsafeBytes { b in a.baseAddress == b.baseAddress } }
    }
    #expect(copies.count == 1)
    #expect(chunks.reduce(0) { $0 + $1.count } == writer.count)
    #expect(writer.joined().count == writer.count)
  }

  @Test func repairsTextThatIsNotUTF8() throws {
    let node = try NodeProto(reading: hex("1a 03 61 ff 62"))
    #expect(node.name == "a\u{FFFD}b")
  }
}

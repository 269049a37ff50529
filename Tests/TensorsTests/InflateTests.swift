// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors
import Testing

private let curve = (0..<600).map { (i: Int) -> UInt8 in UInt8((i * i / 7) % 61 + i % 5) }
private let curveStream = hex(
  """
  15cf0782a2300000c0550411430b2154110801599a5242d7fdffabce9b1fcccfe1781238e1025405622f0c69f11a674e\
  d21d3fa9d847d0dca41938c54dab45b2926a05de6f2fe094f1389b64b73c9a0f2647837c6ba59049d104f3cd6aaec984\
  ea2b5d9d1ed662728adece6833bb451d66687096600df9875242763b25e0e57c08e86ee71c6d993112754e953933ff7e\
  1d71a0da5edfb5a50cb4bf3a322f4b1e18e25ac6b62a0c15bd9997e3d496918775c06d53ffcad3240e1ddbc258d77568\
  a8ba615aa6eddd499c16cf816dfc15228f141d3b5e5140aa91d7705c2f173d2866c9889e1fdd2f37352c779830c1293f\
  98ce1a5d6432c3c7820a217801fa761b9072c13725e75cb8df566bc083f542bd35e2d1dbe363225546ebec0928d14240\
  65bd1f068bc01089ed1db0bb3c65f8a7f4c14cf179c890c0725f5a1b628b4b433dc08d35b535f13d16496043915b599b\
  d3f8ee23a829f259e079fee770e44e078e17af17a021dbbec55955f72b0f141ca44db789d08fca6fcb22cd0650d4ec8a\
  9d31d126ddd9ce07c9af4f904e2a69a57b0f6e1d208b9abe9d97182df829c6bbc7d4424a8560f566b7337b3c18ddf7f4\
  7f75a6d71a4dee21553abc5165704f057e27da4c7546b435877be9496d0c3f4f5fdeea50de9fc412c62234ff01
  """)

@Suite struct Inflating {
  static let streams: [(String, [UInt8])] = [
    ("cb48cdc9c957c8402701", Array("hello hello hello hello".utf8)),
    ("010500faff68656c6c6f", Array("hello".utf8)),
    ("4b4c1c05a360140c770000", Array(repeating: 0x61, count: 1000)),
    ("0300", []),
    ("010000ffff", []),
    // A stored block behind an empty stored one.
    ("000000ffff010200fdff6869", Array("hi".utf8)),
  ]

  @Test(arguments: streams) func decodes(_ stream: String, _ content: [UInt8]) throws {
    let bytes = Bytes(hex(stream))
    #expect(try Inflate.decode(bytes, size: content.count) == Bytes(content))
    #expect(throws: Failure.self) { try Inflate.decode(bytes, size: content.count + 1) }
    #expect(throws: Failure.self) { try Inflate.decode(bytes, size: content.count - 1) }
  }

  @Test func decodesDynamicCodes() throws {
    #expect(try Inflate.decode(Bytes(curveStream), size: 600) == Bytes(curve))
  }

  @Test func refusesWhatIsCutOrDamaged() {
    expectRefusal(of: curveStream) { _ = try Inflate.decode($0, size: 600) }
    for (stream, content) in Self.streams {
      expectRefusal(of: hex(stream)) { _ = try Inflate.decode($0, size: content.count) }
    }
  }

  /// The third kind of block, a stored length without its complement, a distance beyond the start,
  /// a symbol that fixed codes do not use, and dynamic codes that no prefix code has.
  @Test(arguments: [
    "07", "010500faf068656c6c6f", "4b0401", "1b1b", "05c08100", "ff", "fdffffffffff",
  ]) func refuses(_ stream: String) {
    #expect(throws: Failure.self) { try Inflate.decode(Bytes(hex(stream)), size: 5) }
  }

  @Test func doesNotBelieveSizes() {
    let bytes = Bytes(hex("4b4c1c05a360140c770000"))
    for size in [Int.max, 1 << 40, -1] {
      #expect(throws: Failure.self) { try Inflate.decode(bytes, size: size) }
    }
  }
}

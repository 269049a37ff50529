// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors
import Testing

/// A `.npy` file made of a header's text as it stands and the elements' bytes.
private func npy(_ header: String, _ elements: [UInt8], version: UInt8 = 1) -> [UInt8] {
  let count = header.utf8.count
  let length = [UInt8(count & 0xFF), UInt8(count >> 8)] + (version == 1 ? [] : [0, 0])
  return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8) + elements
}

private func header(_ type: String, _ shape: String, fortran: Bool = false) -> String {
  "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }"
}

private func tensor(_ element: ElementType, _ extents: [Int], _ values: [Double]) -> Tensor {
  Tensor(TensorType(element, Shape(extents)!), rounding: values)
}

@Suite struct NumpyArrays {
  @Test func writesWhatNumpyWrites() throws {
    let expected = hex(
      """
      934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e5f6f72646572273a20\
      46616c73652c20277368617065273a2028322c2033292c207d20202020202020202020202020202020202020\
      2020202020202020202020202020202020202020202020202020202020202020202020202020200a00000000\
      0000803f0000004000004040000080400000a040
      """)
    let values = tensor(.f32, [2, 3], [0, 1, 2, 3, 4, 5])
    #expect(NumpyArray.encode(values) == Bytes(expected))
    #expect(try NumpyArray.decode(Bytes(expected)) == values)
    expectRefusal(of: expected) { _ = try NumpyArray.decode($0) }
  }

  @Test(arguments: ElementType.allCases, [[], [0, 3], [5], [2, 3, 4]])
  func roundTrips(_ element: ElementType, _ extents: [Int]) throws {
    let count = extents.reduce(1, *)
    let original = tensor(element, extents, (0..<count).map { Double($0 % 2 * 2 - 1) })
    let bytes = NumpyArray.encode(original)
    #expect((bytes.count - (try NumpyArray.decode(bytes)).bytes.count) % 64 == 0)
    let read = try NumpyArray.decode(bytes)
    #expect(read.doubles() == original.doubles())
    #expect(read.shape == original.shape)
    if ![.bf16, .i4, .u4, .u2, .b1].contains(element) { #expect(read == original) }
  }

  @Test func columnMajorBigEndian() throws {
    let elements = hex(
      """
      0000000c00040010000800140001000d00050011000900150002000e00060012000a00160003000f00070013\
      000b0017
      """)
    let bytes = Bytes(npy(header(">i2", "(2, 3, 4)", fortran: true), elements))
    #expect(try NumpyArray.decode(bytes) == tensor(.i16, [2, 3, 4], (0..<24).map(Double.init)))
  }

  @Test(arguments: [1, 2, 3] as [UInt8]) func versionsAndSpellings(_ version: UInt8) throws {
    let text = "{\"shape\":(2L,) , 'fortran_order':False,\"descr\":'|u1'}   \n"
    let read = try NumpyArray.decode(Bytes(npy(text, [7, 9], version: version)))
    #expect(read == tensor(.u8, [2], [7, 9]))
  }

  @Test(arguments: [
    header("<f4", "(1,)") + "x", header("<f4", "(2,)"), header("<f4", "(0,)"),
    header("<f4", "(-1,)"), header("<f4", "(99999999999999999999,)"),
    header("<f4", "(4611686018427387904, 4)"), header("<f4", "(1"), header("<c8", "(1,)"),
    header("<U7", "(1,)"), header("|f4", "(1,)"), header("f4", "(1,)"), "", "{}",
    "{'descr': '<f4'}",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': 1, 'shape': (1,), }",
    header("<f4", "(" + String(repeating: "1, ", count: 65) + ")"),
  ]) func refuses(_ header: String) {
    #expect(throws: Failure.self) { try NumpyArray.decode(Bytes(npy(header, [0, 0, 0, 0]))) }
  }

  @Test func failuresNameTypeAndFile() throws {
    let bytes = Bytes(npy(header("<c16", "()"), []))
    let failure = #expect(throws: Failure.self) { try NumpyArray.decode(bytes, file: "x.npy") }
    let text = try #require(failure).description
    #expect(text.hasPrefix("x.npy: error: numpy's element type '<c16' is not supported"))
    #expect(failure?.kind == .unsupported)
  }
}

@Suite struct NumpyArchives {
  /// Written by numpy's `savez_compressed`: `a` is int32 0…3, `b` is float16 [[1.5]].
  static let compressed = hex(
    """
    504b03042d000000080000002100fe741ed4ffffffffffffffff05001400612e6e7079010010009000000000\
    0000004e000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9369a2aea3a09e965f5452\
    9498179f5f94920a12774bcc294e058a17672416a402f91a263a9a3a0ab50a14002e06206004622620660662\
    00504b03042d000000080000002100d9620a4fffffffffffffffff05001400622e6e70790100100082000000\
    0000000048000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a4aea3a09e965f54\
    529498179f5f94920a12774bcc294e058a17672416a402f91a863a0a869a3a0ab50a64032e063b00504b0102\
    2d032d000000080000002100fe741ed44e00000090000000050000000000000000000000800100000000612e\
    6e7079504b01022d032d000000080000002100d9620a4f480000008200000005000000000000000000000080\
    0185000000622e6e7079504b0506000000000200020066000000040100000000
    """)

  private func readAll(_ bytes: Bytes) throws -> [Tensor] {
    let archive = try NumpyArchive(bytes)
    return try archive.names.map { try archive.tensor($0) }
  }

  @Test func readsWhatNumpyWrites() throws {
    let archive = try NumpyArchive(Bytes(Self.compressed))
    #expect(archive.names == ["a", "b"])
    #expect(try archive.tensor("a") == tensor(.i32, [4], [0, 1, 2, 3]))
    #expect(try archive.tensor("b") == tensor(.f16, [1, 1], [1.5]))
    #expect(throws: Failure.self) { try archive.tensor("c") }
    expectRefusal(of: Self.compressed) { _ = try readAll($0) }
  }

  @Test func roundTrips() throws {
    let tensors = [("x", tensor(.u8, [3], [1, 2, 3])), ("ü/y", tensor(.f64, [], [0.5]))]
    let bytes = try NumpyArchive.encode(tensors)
    #expect(try NumpyArchive(bytes).names == ["x", "ü/y"])
    #expect(try readAll(bytes) == tensors.map(\.1))
    expectRefusal(of: bytes.withUnsafeBytes { Array($0) }) { _ = try readAll($0) }
    #expect(try readAll(NumpyArchive.encode([])) == [])
    #expect(throws: Failure.self) { try NumpyArchive.encode([tensors[0], tensors[0]]) }
  }

  /// Written by Python's `zipfile` with all sizes in their 64-bit form, and the record at
  /// the end set to point there as well.
  @Test func wideSizes() throws {
    let bytes = hex(
        """
        504b03042d0000000800000021006c7ced9effffffffffffffff05001400612e6e7079010010008200000000\
        00000046000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a05e536aa8aea3a09e965f5452\
        9498179f5f94920a12774bcc294e058a17672416a402f91a463a9a3a0ab50a14002e764e00504b01022d032d\
        0000000800000021006c7ced9effffffffffffffff050014000000000000000000800100000000612e6e7079\
        0100100082000000000000004600000000000000504b06062c000000000000002d002d000000000000000000\
        0100000000000000010000000000000047000000000000007d00000000000000504b060700000000c4000000\
        0000000001000000504b050600000000ffffffffffffffffffffffff0000
        """)
    #expect(try readAll(Bytes(bytes)) == [tensor(.u8, [2], [7, 9])])
    expectRefusal(of: bytes) { _ = try readAll($0) }
  }

  @Test func arrayInPlaceOfAnArchive() throws {
    let array = NumpyArray.encode(tensor(.u8, [3], [1, 2, 3]))
    let failure = #expect(throws: Failure.self) { try NumpyArchive(array, file: "x.npy") }
    let text = try #require(failure).description
    #expect(text.hasPrefix("x.npy: error: a single array (.npy), where an archive"))
  }

  @Test func checksumIsChecked() throws {
    var bytes = try NumpyArchive.encode([("x", tensor(.u8, [3], [1, 2, 3]))])
      .withUnsafeBytes { Array($0) }
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: [1, 2, 3]) })
    bytes[place] = 9
    #expect(throws: Failure.self) { try readAll(Bytes(bytes)) }
  }
}

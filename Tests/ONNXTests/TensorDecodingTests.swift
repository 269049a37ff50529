// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import ONNX
import Tensors
import Testing

@Suite struct TensorDecodingTests {
  /// Types whose elements are in `int32_data`, with the numbers stored and the values they stand
  /// for.
  @Test(
    arguments: [
      (.int32, [-5, .max], [-5, 2_147_483_647]), (.int8, [-128, 127, 255], [-128, 127, -1]),
      (.uint8, [0, 255], [0, 255]), (.int16, [-32768, 5], [-32768, 5]),
      (.uint16, [65535, 1], [65535, 1]), (.bool, [1, 0, 7], [1, 0, 1]),
      (.float16, [15872, 49280, 0x7BFF], [1.5, -2.25, 65504]),
      (.bfloat16, [16320, 49168], [1.5, -2.25]), (.int4, [225, 131, 7], [1, -2, 3, -8, 7]),
      (.uint4, [0x21, 0x0F], [1, 2, 15]), (.uint2, [57, 2], [1, 2, 3, 0, 2]),
    ] as [(ONNXElementType, [Int32], [Double])])
  func decodesNarrowElements(type: ONNXElementType, stored: [Int32], expected: [Double]) throws {
    let proto = tensor("w", type, [Int64(expected.count)]) { $0.int32Data = stored }
    let decoded = try proto.decoded()
    #expect(decoded.doubles() == expected)
    #expect(decoded.element == type.element)
    // The same in raw_data, which is how tensors are written.
    let raw = try TensorProto(decoded, name: "w")
    #expect(raw.int32Data.isEmpty && raw.rawData == decoded.bytes)
    #expect(try TensorProto(reading: raw.serialized()).decoded() == decoded)
  }

  @Test func decodesWideElements() throws {
    let floats = tensor("w", .float, [2]) { $0.floatData = Bytes(copying: [Float(1.25), -3]) }
    #expect(try floats.decoded().doubles() == [1.25, -3])
    let doubles = tensor("w", .double, [1, 1]) { $0.doubleData = Bytes(copying: [1e300]) }
    #expect(try doubles.decoded().doubles() == [1e300])
    let int64s = tensor("w", .int64, [2]) { $0.int64Data = [.min, 9] }
    #expect(try int64s.decoded().integers() == [.min, 9])
    let uint32s = tensor("w", .uint32, []) { $0.uint64Data = [4_000_000_000] }
    #expect(try uint32s.decoded().integers() == [4_000_000_000])
    let uint64s = tensor("w", .uint64, [1]) { $0.uint64Data = [.max] }
    #expect(try uint64s.decoded().doubles() == [0x1p64])
    #expect(try tensor("w", .float, [0, 4]) { _ in }.decoded().count == 0)
    let bools = tensor("w", .bool, [3]) { $0.rawData = Bytes([0, 2, 1]) }
    #expect(try bools.decoded().bytes == Bytes([0, 1, 1]))
  }

  @Test func sharesTheMemoryOfTheFile() throws {
    let raw = Bytes([UInt8](repeating: 1, count: 4096))
    let proto = tensor("w", .int8, [4096]) { $0.rawData = raw }
    let file = proto.serialized()
    let decoded = try TensorProto(reading: file).decoded()
    let isView = file.withUnsafeBytes { whole in
      decoded.bytes.withUnsafeBytes { part in
        whole.baseAddress! <= part.baseAddress!
          && part.baseAddress! < whole.baseAddress! + whole.count
      }
    }
    #expect(isView)
    let packed = tensor("w", .float, [1024]) { $0.floatData = raw }.serialized()
    #expect(try TensorProto(reading: packed).decoded().bytes == raw)
  }

  /// Values of `float_data` one by one and in several runs; any writer may do so.
  @Test func joinsScatteredValues() throws {
    let bytes = hex("08 04 10 01  25 0000803f  22 04 00000040  22 00  22 08 00004040 00008040")
    #expect(try TensorProto(reading: bytes).decoded().doubles() == [1, 2, 3, 4])
  }

  @Test(
    arguments: [
      (
        .float, [2, 3], "error: tensor 'w': there are 4 bytes of data for f32[2,3], which takes 24"
      ),
      (.float, [-1], "error: tensor 'w': the shape [-1] has a negative extent"),
      (.float, [1 << 40, 1 << 40], "has too many elements"),
      (.float, [.max], "has too many elements"),
      (.float16, [1], "there are 4 bytes of data for f16[1], which takes 2"),
      (.string, [1], "elements of type STRING are not supported"),
      (.int2, [1], "elements of type INT2 are not supported"),
      (.undefined, [1], "elements of type UNDEFINED are not supported"),
    ] as [(ONNXElementType, [Int64], String)])
  func refusesDataThatDoNotFit(type: ONNXElementType, dims: [Int64], expected: String) {
    let proto = tensor("w", type, dims) { $0.rawData = Bytes([0, 0, 0, 0]) }
    let text = failureText { () throws(Failure) in _ = try proto.decoded() }
    #expect(text?.contains(expected) == true, "\(text ?? "no failure")")
  }

  @Test func refusesMisplacedData() {
    func text(
      _ type: ONNXElementType, _ dims: [Int64] = [1], _ fill: (inout TensorProto) -> Void
    ) -> String? {
      failureText { () throws(Failure) in _ = try tensor("w", type, dims, fill).decoded() }
    }
    #expect(text(.float) { _ in }?.contains("there are no data for f32[1]") == true)
    #expect(
      text(.float) { $0.doubleData = Bytes(copying: [1.0]) }?
        .contains("FLOAT elements are stored as double_data; float_data or raw_data") == true)
    #expect(
      text(.int32) {
        $0.int32Data = [1]
        $0.rawData = Bytes([1, 0, 0, 0])
      }?.contains("stored twice, as raw_data and int32_data") == true)
    #expect(text(.uint8) { $0.int32Data = [256] }?.contains("256 is no element of type") == true)
    #expect(text(.int16) { $0.int32Data = [-32769] }?.contains("-32769 is no element") == true)
    #expect(text(.uint32) { $0.uint64Data = [1 << 32] }?.contains("is no element") == true)
    #expect(text(.float) { $0.isSegment = true }?.contains("segments are not supported") == true)
    #expect(text(.float) { $0.dataLocation = 2 }?.contains("data_location 2") == true)
    #expect(text(.float) { $0.dataLocation = 1 }?.contains("the data are in another file") == true)
  }

  @Test(arguments: [ONNXElementType.float, .int8, .uint4, .uint2])
  func makesSparseTensorsDense(type: ONNXElementType) throws {
    let element = try #require(type.element)
    let values = Tensor(TensorType(element, try #require(Shape([3]))), rounding: [1, 2, 3])
    var sparse = SparseTensorProto()
    sparse.values = try TensorProto(values, name: "s")
    sparse.dims = [3, 4]
    sparse.indices = tensor("", .int64, [3, 2]) { $0.int64Data = [0, 1, 1, 0, 2, 3] }
    let expected: [Double] = [0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 3]
    #expect(try sparse.decoded().doubles() == expected)
    sparse.indices = tensor("", .int64, [3]) { $0.int64Data = [1, 4, 11] }
    #expect(try sparse.decoded().doubles() == expected)
  }

  @Test(
    arguments: [
      ([3, 4], [1, 4, 12], "index 12 is outside of the sparse tensor [3,4]"),
      ([3, 4], [1, 4, -1], "index -1 is outside"), ([3, 4], [1, 4, 4], "are not ascending"),
      ([3, 4], [1, 4], "the indices are i64[2] for 3 values of [3,4]"),
      ([1 << 40], [1, 2, 3], "takes 4398046511104 bytes"), ([-1], [1, 2, 3], "negative extent"),
    ] as [([Int64], [Int64], String)])
  func refusesBadSparseTensors(dims: [Int64], indices: [Int64], expected: String) {
    var sparse = SparseTensorProto()
    sparse.values = tensor("s", .float, [3]) { $0.floatData = Bytes(copying: [Float(1), 2, 3]) }
    sparse.dims = dims
    sparse.indices = tensor("", .int64, [Int64(indices.count)]) { $0.int64Data = indices }
    let text = failureText { () throws(Failure) in _ = try sparse.decoded() }
    #expect(text?.contains(expected) == true, "\(text ?? "no failure")")
    #expect(text?.hasPrefix("error: tensor 's': ") == true)
  }
}

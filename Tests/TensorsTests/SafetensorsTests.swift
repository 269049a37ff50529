// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Tensors
import Testing

private func joined(_ parts: [Bytes]) -> [UInt8] {
  parts.flatMap { $0.withUnsafeBytes { Array($0) } }
}

private func file(_ header: String, data: Int = 8) -> Bytes {
  var out = ByteBuilder()
  out.append(littleEndian: UInt64(header.utf8.count))
  out.append(header)
  out.append(Bytes([UInt8](repeating: 1, count: data)))
  return out.finish()
}

/// A header that says that eight bytes hold packed elements of a type.
private func packed(_ type: String) -> String {
  #"{"__metadata__":{"fettle.type/w":"\#(type)"},"#
    + #""w":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#
}

@Suite struct SafetensorsFiles {
  @Test func roundTrips() throws {
    let tensors = ElementType.allCases.map { element in
      let type = TensorType(element, Shape([3, 1])!)
      return (name: "t.\(element)", tensor: Tensor(type, rounding: [1, -1, 1]))
    }
    let bytes = joined(try Safetensors.encode(tensors, metadata: [("note", "ö")]))
    let read = try Safetensors(Bytes(bytes))
    #expect(read.names == tensors.map(\.name))
    for (name, tensor) in tensors {
      #expect(try read.tensor(name) == tensor)
      #expect(read.type(of: name) == tensor.type)
    }
    #expect(read.metadata.map(\.name) == ["note"] && read.metadata.map(\.value) == ["ö"])
    #expect(throws: Failure.self) { try read.tensor("none") }
  }

  @Test func exactBytes() throws {
    let tensor = Tensor(TensorType(.i16, Shape([2])!), wrapping: [1, -2])
    let header = #"{"w":{"dtype":"I16","shape":[2],"data_offsets":[0,4]}}"#
    let bytes = joined(try Safetensors.encode([("w", tensor)]))
    #expect(bytes == [56, 0, 0, 0, 0, 0, 0, 0] + Array((header + "  ").utf8) + [1, 0, 0xFE, 0xFF])
    expectRefusal(of: bytes) { cut in
      let read = try Safetensors(cut)
      for name in read.names { _ = try read.tensor(name) }
    }
  }

  @Test func refusesToWrite() {
    let tensor = Tensor(scalar: 1, .f32)
    for names in [["a", "a"], ["__metadata__"]] {
      #expect(throws: Failure.self) { try Safetensors.encode(names.map { ($0, tensor) }) }
    }
  }

  @Test(arguments: [
    "[]", "{", #"{"w":1}"#, #"{"w":{"dtype":"F32","shape":[2]}}"#,
    #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
    #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
    #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
    #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#,
    #"{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
    #"{"w":{"dtype":"F32","shape":[0.5],"data_offsets":[0,8]}}"#,
    #"{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#,
    #"{"w":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}"#,
    #"{"__metadata__":{"a":1}}"#,
    packed("i9[8]"),
    packed("i4[8]"),
  ]) func refuses(_ header: String) {
    #expect(throws: Failure.self) { try Safetensors(file(header)) }
  }

  @Test func packedTensorsAreRead() throws {
    #expect(try Safetensors(file(packed("i4[16]"))).type(of: "w")?.description == "i4[16]")
  }

  @Test func unalignedTensorsAreRead() throws {
    let header = #"{"w":{"dtype":"U16","shape":[2],"data_offsets":[1,5]}} "#
    #expect(try Safetensors(file(header)).tensor("w").doubles() == [257, 257])
  }
}

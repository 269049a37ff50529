// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import ONNX
import Tensors
import Testing

@Suite struct SchemaTests {
  /// The bytes are those that the onnx package for Python writes for the same model.
  @Test func agreesWithAnotherWriter() throws {
    let bytes = hex(
      """
      080a1201703a6b0a330a01780a01771201791a026663220447656d6d2a0f0a05616c70686115000000bfa0
      01012a0d0a067472616e73421801a001021201672a1008010802100a2a05807c8080034201775a140a0178
      120f0a0d080112090a0312014e0a02080262090a017912040a02080142040a001015
      """)
    #expect(try ModelProto(parsing: bytes) == smallModel())
    #expect(smallModel().serialized() == bytes)
  }

  @Test func readsBackEverything() throws {
    let model = fullModel()
    let bytes = model.serialized()
    let again = try ModelProto(parsing: bytes)
    #expect(again == model)
    #expect(again.serialized() == bytes)
    var joined: [UInt8] = []
    for chunk in try model.chunks() { chunk.withUnsafeBytes { joined.append(contentsOf: $0) } }
    #expect(Bytes(joined) == bytes)
  }

  @Test func mergesMessagesThatComeTwice() throws {
    var first = ModelProto()
    first.graph.name = "a"
    first.graph.nodes = [NodeProto("A", inputs: [], outputs: [])]
    var second = ModelProto()
    second.graph.nodes = [NodeProto("B", inputs: [], outputs: [])]
    let both =
      first.serialized().withUnsafeBytes { Array($0) }
      + second.serialized().withUnsafeBytes { Array($0) }
    let merged = try ModelProto(reading: Bytes(both))
    #expect(merged.graph.name == "a")
    #expect(merged.graph.nodes.map(\.opType) == ["A", "B"])
  }

  @Test func infersTheKindOfOldAttributes() throws {
    // Attributes of IR version 1 have no kind: name "a", then i = 3 or two floats.
    #expect(try AttributeProto(reading: hex("0a0161 1803")).value == .int(3))
    #expect(
      try AttributeProto(reading: hex("0a0161 3d0000803f 3d0000003f")).value == .floats([1, 0.5]))
    // The kind decides where other fields have values too.
    #expect(try AttributeProto(reading: hex("0a0161 1803 a00101")).value == .float(0))
    #expect(try AttributeProto(reading: hex("0a0161 a00163")).value == .undefined)
  }

  @Test func givesAttributesByNameAndKind() throws {
    let node = NodeProto(
      "Conv", inputs: ["x", ""], outputs: ["y"], name: "stem/conv",
      attributes: [
        AttributeProto("axis", .int(-1)), AttributeProto("alpha", .float(0.5)),
        AttributeProto("mode", text: "same"), AttributeProto("pads", .ints([1, 2])),
        AttributeProto("ref", .reference("outer", .int)),
      ])
    #expect(try node.int("axis") == -1)
    #expect(try node.int("group", default: 1) == 1)
    #expect(try node.flag("axis"))
    #expect(try node.float("alpha", default: 1) == 0.5)
    #expect(try node.string("mode") == "same")
    #expect(try node.ints("pads") == [1, 2])
    #expect(try node.floats("none") == nil)
    #expect(node.input(0) == "x")
    #expect(node.input(1) == nil && node.input(2) == nil && node.input(-1) == nil)
    #expect(
      failureText { () throws(Failure) in _ = try node.ints("axis") }
        == "error: node 'stem/conv' (Conv): attribute 'axis' is of kind INT; INTS is expected")
    #expect(
      failureText { () throws(Failure) in _ = try node.int("ref") }
        == "error: node 'stem/conv' (Conv): attribute 'ref' refers to attribute 'outer' of a "
        + "function; INT is expected")
  }

  @Test(arguments: ElementType.allCases)
  func mapsElementTypes(element: ElementType) {
    let onnx = ONNXElementType(element)
    #expect((onnx == nil) == (element == .b1))
    if let onnx { #expect(onnx.element == element) }
  }

  @Test func namesElementTypes() {
    #expect(ONNXElementType.name(of: 17) == "FLOAT8E4M3FN")
    #expect(ONNXElementType.name(of: 8) == "STRING")
    #expect(ONNXElementType.name(of: 99) == "data type 99")
    #expect(ONNXElementType.allCases.filter { $0.element != nil }.count == 16)
  }

  @Test func findsOperatorSets() {
    let sets = [
      OperatorSetIdProto(domain: "ai.onnx", version: 9),
      OperatorSetIdProto(domain: "d", version: 2),
    ]
    #expect(sets.version(of: "") == 9)
    #expect(sets.version(of: "d") == 2)
    #expect(sets.version(of: "e") == nil)
  }
}

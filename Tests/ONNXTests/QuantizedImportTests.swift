// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import ONNX
import Tensors
import Testing

/// A model of one node `n` from `x` to `y`, whose other operands are constants or left out.
private struct QuantizedNode {
  var type = ONNXElementType.int8
  var extents: [Int64] = [2, 4]
  var operands: [String]
  var constants: [TensorProto] = []
  var attributes: [AttributeProto] = []
  var isStandard = false

  func model(_ name: String) -> ModelProto {
    var model = ModelProto()
    model.irVersion = 10
    model.opsetImports = [
      OperatorSetIdProto(version: 17), OperatorSetIdProto(domain: "com.microsoft", version: 1),
    ]
    model.graph.name = "g"
    model.graph.nodes = [
      NodeProto(
        name, inputs: operands, outputs: ["y"], name: "n",
        domain: isStandard ? "" : "com.microsoft", attributes: attributes)
    ]
    let dims = extents.map { DimensionProto(.value($0)) }
    model.graph.inputs = [ValueInfoProto("x", TypeProto(.tensor(TensorTypeProto(type, shape: dims))))]
    model.graph.outputs = [ValueInfoProto("y")]
    model.graph.initializers = constants
    return model
  }

  /// The mnemonics of the ops in order, and the type of the output; or what the importer says.
  func result(_ name: String) -> String {
    do throws(Failure) {
      let graph = try graph(name)
      let names = graph.opIDs.map { Swift.type(of: graph.definition(of: $0)).name }
      return names.joined(separator: " ") + " " + graph.type(of: graph.outputs[0].value).description
    } catch {
      return error.description
    }
  }

  func graph(_ name: String) throws(Failure) -> Graph {
    try ONNXImporter.graph(from: model(name), file: "m.onnx").graph
  }

  /// What the importer says if it knows no counterpart; nil if it fails for another reason or not.
  func refusal(_ name: String) -> String? {
    do throws(Failure) {
      _ = try graph(name)
      return nil
    } catch {
      return error.kind == .unsupported ? error.description : nil
    }
  }
}

/// Numbers of any shape, in a type that is stored as `int32Data`, or in f32.
private func grid(
  _ name: String, _ type: ONNXElementType, _ dims: [Int64], _ values: [Float]
) -> TensorProto {
  tensor(name, type, dims) {
    if type == .float {
      $0.floatData = Bytes(copying: values)
    } else {
      $0.int32Data = values.map { Int32($0) }
    }
  }
}

private func scale(_ name: String, _ values: Float...) -> TensorProto {
  tensor(name, .float, values.count == 1 ? [] : [Int64(values.count)]) {
    $0.floatData = Bytes(copying: values)
  }
}

private func zero(_ name: String, _ type: ONNXElementType = .int8, _ value: Int32 = 0) -> TensorProto {
  tensor(name, type, []) { $0.int32Data = [value] }
}

@Suite struct QuantizedImportTests {
  private let weight = tensor("w", .int8, [4, 3]) { $0.int32Data = Array(repeating: 1, count: 12) }

  @Test func productsOfIntegersEndInIntegersOrFloats() {
    var gemm = QuantizedNode(
      operands: ["x", "s", "z", "w", "s", "z"], constants: [scale("s", 0.5), zero("z"), weight])
    #expect(gemm.result("QGemm").hasPrefix("matmul "))
    #expect(gemm.result("QGemm").hasSuffix(" dequantize f32[2,3]"))
    gemm.operands += ["", "s", "z"]
    #expect(gemm.result("QGemm").hasSuffix(" requantize i8[2,3]"))
    gemm.operands.removeLast()
    #expect(gemm.result("QGemm").contains("operand 8 is missing"))
    let back = QuantizedNode(
      operands: ["x", "w", "s", "t"], constants: [scale("s", 0.5), scale("t", 1, 2, 3), weight])
    #expect(back.result("MatMulIntegerToFloat").hasSuffix(" dequantize f32[2,3]"))
  }

  @Test func channelsMayBeTheLastAxis() {
    var pool = QuantizedNode(
      extents: [1, 5, 5, 3], operands: ["x", "s", "z", "s", "z"],
      constants: [scale("s", 0.5), zero("z")],
      attributes: [AttributeProto("kernel_shape", .ints([2, 2]))])
    #expect(pool.result("QLinearAveragePool") == "dequantize pool quantize i8[1,5,4,2]")
    pool.attributes.append(AttributeProto("channels_last", .int(1)))
    let turned = "dequantize transpose pool transpose quantize i8[1,4,4,3]"
    #expect(pool.result("QLinearAveragePool") == turned)
    pool.attributes = [AttributeProto("channels_last", .int(1))]
    #expect(pool.result("QLinearGlobalAveragePool") == "dequantize reduce quantize i8[1,1,1,3]")
  }

  @Test func zeroPointsMayBeLeftOut() {
    let add = QuantizedNode(
      operands: ["x", "s", "", "x", "s", "", "s"], constants: [scale("s", 0.5)])
    #expect(add.result("QLinearAdd") == "dequantize dequantize binary quantize i8[2,4]")
  }

  @Test func softmaxIsThatOfItsVersion() {
    var node = QuantizedNode(
      extents: [2, 3, 4], operands: ["x", "s", "z", "s", "z"],
      constants: [scale("s", 0.5), zero("z")],
      attributes: [AttributeProto("axis", .int(1)), AttributeProto("opset", .int(13))])
    #expect(node.result("QLinearSoftmax") == "dequantize softmax quantize i8[2,3,4]")
    node.attributes[1] = AttributeProto("opset", .int(11))
    let flat = "dequantize reshape softmax reshape quantize i8[2,3,4]"
    #expect(node.result("QLinearSoftmax") == flat)
  }

  @Test(arguments: [Float.nan, .infinity, 0])
  func scalesAreNumbersThatCanBeDividedBy(_ number: Float) {
    var node = QuantizedNode(
      type: .float, operands: ["x", "s", "z"], constants: [scale("s", number), zero("z")],
      isStandard: true)
    #expect(node.result("QuantizeLinear").contains("the scale 's' holds"))
    node.type = .int8
    let expected = number == 0 ? "dequantize f32[2,4]" : "the scale 's' holds"
    #expect(node.result("DequantizeLinear").contains(expected))
  }

  @Test func zeroPointsHaveTheTypeOfTheirTensor() {
    let node = QuantizedNode(
      operands: ["x", "s", "z"], constants: [scale("s", 1), zero("z", .uint8)], isStandard: true)
    #expect(node.result("DequantizeLinear").contains("the zero point is u8, the input i8"))
  }

  @Test(arguments: [ONNXElementType.int32, .int64, .uint32, .uint64])
  func nothingIsQuantisedToMoreThan16Bits(_ type: ONNXElementType) throws {
    let bytes = type == .int64 || type == .uint64 ? 8 : 4
    let wide = tensor("z", type, []) { $0.rawData = Bytes(Array(repeating: 0, count: bytes)) }
    let quantize = QuantizedNode(
      type: .float, operands: ["x", "s", "z"], constants: [scale("s", 1), wide], isStandard: true)
    #expect(try #require(quantize.refusal("QuantizeLinear")).contains("at most 16 bits"))
    let dequantize = QuantizedNode(
      type: type, operands: ["x", "s", "z"], constants: [scale("s", 1), wide], isStandard: true)
    if type == .int32 {
      #expect(dequantize.result("DequantizeLinear") == "dequantize f32[2,4]")
    } else {
      #expect(try #require(dequantize.refusal("DequantizeLinear")).contains("ONNX dequantises"))
    }
    let gemm = QuantizedNode(
      operands: ["x", "s", "b", "w", "s", "b", "", "s", "z"],
      constants: [scale("s", 1), zero("b"), weight, wide])
    #expect(try #require(gemm.refusal("QGemm")).contains("at most 16 bits"))
    let sum = QuantizedNode(
      type: type, operands: ["x", "s", "", "x", "s", "", "s"], constants: [scale("s", 1)])
    #expect(sum.refusal("QLinearAdd") != nil)
  }

  @Test func theSoftmaxOfNoAxisIsThatOfTheLast() {
    var node = QuantizedNode(
      extents: [2, 3, 4], operands: ["x", "s", "z", "s", "z"],
      constants: [scale("s", 0.5), zero("z")], attributes: [AttributeProto("opset", .int(11))])
    #expect(node.result("QLinearSoftmax") == "dequantize softmax quantize i8[2,3,4]")
    node.isStandard = true
    node.type = .float
    node.operands = ["x"]
    node.attributes = []
    #expect(node.result("Softmax") == "softmax f32[2,3,4]")
  }

  /// onnxruntime divides by the whole of a last window that hangs over the end.
  @Test func aCeilingIsPaddingWherePaddingCounts() throws {
    var pool = QuantizedNode(
      extents: [1, 1, 8, 4], operands: ["x", "s", "z", "s", "z"],
      constants: [scale("s", 0.5), zero("z")],
      attributes: [
        AttributeProto("kernel_shape", .ints([3, 1])), AttributeProto("strides", .ints([2, 1])),
        AttributeProto("ceil_mode", .int(1)), AttributeProto("count_include_pad", .int(1)),
      ])
    func found() throws -> Pool {
      let graph = try pool.graph("QLinearAveragePool")
      return try #require(
        graph.opIDs.compactMap { graph.definition(of: $0) as? Pool }.first)
    }
    var padded = try found()
    #expect(!padded.ceil && padded.countPadding && padded.padding == [0, 0, 1, 0])
    // With room for the last window there is nothing to add.
    pool.extents = [1, 1, 7, 4]
    padded = try found()
    #expect(!padded.ceil && padded.padding == [])
    pool.extents = [1, 1, 8, 4]
    pool.attributes[3] = AttributeProto("count_include_pad", .int(0))
    let plain = try found()
    #expect(plain.ceil && plain.padding == [])
  }

  /// A last axis but one of rows, a last one of columns; others would be one for each matrix.
  @Test(arguments: [
    ("a", [1, 2, 1], true), ("a", [2, 1], true), ("a", [2], true), ("a", [2, 1, 1], false),
    ("a", [1, 2], false), ("b", [1, 1, 3], true), ("b", [3], true), ("b", [3, 1, 1], false),
    ("b", [3, 1], false),
  ] as [(String, [Int64], Bool)])
  func zeroPointsOfRowsAndColumns(_ which: String, _ dims: [Int64], _ isTaken: Bool) {
    let count = Int(dims.reduce(1, *))
    let z = grid("z", .int8, dims, Array(repeating: 1, count: count))
    let s = grid("s", .float, dims, Array(repeating: 0.5, count: count))
    let one = [scale("one", 0.5), zero("zero"), weight]
    let isRow = which == "a"
    let integer = QuantizedNode(
      extents: [2, 2, 4], operands: isRow ? ["x", "w", "z"] : ["x", "w", "", "z"],
      constants: [z, weight], isStandard: true)
    let linear = QuantizedNode(
      extents: [2, 2, 4],
      operands: isRow
        ? ["x", "s", "z", "w", "one", "zero", "one", "zero"]
        : ["x", "one", "zero", "w", "s", "z", "one", "zero"],
      constants: one + [z, s], isStandard: true)
    if isTaken {
      #expect(integer.result("MatMulInteger").hasSuffix("i32[2,2,3]"))
      #expect(linear.result("QLinearMatMul").hasSuffix("quantize i8[2,2,3]"))
    } else {
      #expect(integer.refusal("MatMulInteger")?.contains("'z' is i8") == true)
      #expect(linear.refusal("QLinearMatMul")?.contains("is supported") == true)
    }
  }

  @Test func aVectorHasOneScale() throws {
    // A scale for each row of x, and a column alone.
    var node = QuantizedNode(
      operands: ["x", "s", "z", "v", "t", "z", "t", "z"],
      constants: [
        scale("s", 0.5, 0.25), scale("t", 0.5), zero("z"),
        grid("v", .int8, [4], [1, 2, 3, 4]),
      ], isStandard: true)
    #expect(node.result("QLinearMatMul").hasSuffix("requantize i8[2]"))
    node.extents = [4]
    node.operands[1] = "t"
    let graph = try node.graph("QLinearMatMul")
    let requantize = graph.opIDs.compactMap { graph.definition(of: $0) as? Requantize }.first
    #expect(try #require(requantize).axis == 0)
    node.operands[1] = "s"
    #expect(node.refusal("QLinearMatMul") != nil)
  }

  @Test func moreScalesThanRowsAreAnError() {
    let node = QuantizedNode(
      extents: [1, 4], operands: ["x", "s", "z", "w", "t", "z", "t", "z"],
      constants: [scale("s", 0.5, 0.25, 1), scale("t", 0.5), zero("z"), weight], isStandard: true)
    #expect(node.result("QLinearMatMul").contains("for a result"))
  }

  @Test func onnxruntimeHasNoScalesOfRows() {
    let rows = [scale("s", 0.5, 0.25), grid("r", .int8, [2], [1, 2])]
    let constants = rows + [scale("t", 0.5), zero("z"), weight]
    for (name, operands) in [
      ("QGemm", ["x", "s", "z", "w", "t", "z"]), ("QGemm", ["x", "t", "r", "w", "t", "z"]),
      ("QGemm", ["x", "t", "z", "w", "t", "z", "", "s", "z"]),
      ("MatMulIntegerToFloat", ["x", "w", "s", "t"]),
      ("MatMulIntegerToFloat", ["x", "w", "t", "t", "r"]),
    ] {
      let node = QuantizedNode(operands: operands, constants: constants)
      #expect(node.refusal(name)?.contains("one scale for the tensor") == true)
    }
  }

  @Test func convolutionsHaveScalesOfFilters() {
    let filters = tensor("w", .int8, [2, 1, 1, 1]) { $0.int32Data = [1, 2] }
    func conv(_ xs: String, _ ws: String, _ ys: String) -> QuantizedNode {
      QuantizedNode(
        extents: [2, 1, 4, 4], operands: ["x", xs, "z", "w", ws, "z", ys, "z"],
        constants: [
          scale("one", 0.5), scale("s", 0.5, 0.25), grid("n", .float, [2, 1, 1, 1], [0.5, 0.25]),
          zero("z"), filters,
        ], isStandard: true)
    }
    #expect(conv("one", "s", "one").result("QLinearConv").hasSuffix("requantize i8[2,2,4,4]"))
    #expect(conv("s", "one", "one").refusal("QLinearConv") != nil)
    #expect(conv("one", "n", "one").refusal("QLinearConv") != nil)
    #expect(conv("one", "one", "s").refusal("QLinearConv") != nil)
  }

  @Test func aScaleForEachElementOfASumIsUnsupported() {
    let node = QuantizedNode(
      operands: ["x", "s", "", "x", "t", "", "t"],
      constants: [scale("s", 1, 2, 3, 4), scale("t", 1)])
    #expect(node.result("QLinearAdd").contains("one scale for the tensor is supported"))
  }
}

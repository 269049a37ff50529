// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import ONNX

/// A generator with a fixed seed (splitmix64), so that every run sees the same numbers.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// What `body` says when it fails, or nil if it does not.
func failureText(_ body: () throws(Failure) -> Void) -> String? {
  do throws(Failure) {
    try body()
    return nil
  } catch {
    return error.description
  }
}

func hex(_ text: String) -> Bytes {
  var digits = text.filter { !$0.isWhitespace }[...]
  var bytes: [UInt8] = []
  while let byte = UInt8(digits.prefix(2), radix: 16) {
    bytes.append(byte)
    digits = digits.dropFirst(2)
  }
  return Bytes(bytes)
}

/// A small model that ends with its operator set, as files of other tools do.
func smallModel() -> ModelProto {
  var model = ModelProto()
  model.irVersion = 10
  model.producerName = "p"
  model.opsetImports = [OperatorSetIdProto(version: 21)]
  model.graph.name = "g"
  model.graph.nodes = [
    NodeProto(
      "Gemm", inputs: ["x", "w"], outputs: ["y"], name: "fc",
      attributes: [AttributeProto("alpha", .float(-0.5)), AttributeProto("transB", .int(1))])
  ]
  model.graph.initializers = [tensor("w", .float16, [1, 2]) { $0.int32Data = [15872, 49152] }]
  model.graph.inputs = [
    ValueInfoProto(
      "x",
      TypeProto(
        .tensor(
          TensorTypeProto(
            .float,
            shape: [DimensionProto(.parameter("N")), DimensionProto(.value(2))]))))
  ]
  model.graph.outputs = [
    ValueInfoProto("y", TypeProto(.tensor(TensorTypeProto(.float, shape: nil))))
  ]
  return model
}

/// A model in which every field of the schema that is kept has a value.
func fullModel() -> ModelProto {
  let notes = [StringEntryProto(key: "k", value: "v"), StringEntryProto(key: "", value: "")]
  let everything = tensor("all", .undefined, [-3, 0, 1 << 60]) {
    $0.isSegment = true
    $0.floatData = Bytes(copying: [Float(1), -2])
    $0.int32Data = [0, -1, .min, .max]
    $0.stringData = [Bytes(), Bytes([0xFF])]
    $0.int64Data = [0, -1, .min, .max]
    $0.rawData = Bytes()
    $0.doubleData = Bytes(copying: [1e300])
    $0.uint64Data = [0, .max]
    $0.docString = "doc"
    $0.externalData = [StringEntryProto(key: "location", value: "w.bin")]
    $0.dataLocation = 1
    $0.metadata = notes
  }
  var sparse = SparseTensorProto()
  sparse.values = everything
  sparse.indices = tensor("i", .int64, [1]) { $0.int64Data = [3] }
  sparse.dims = [2, 2]
  var denoted = DimensionProto()
  denoted.denotation = "DATA_BATCH"
  let axes = [DimensionProto(.value(0)), DimensionProto(.parameter("")), denoted]
  var type = TypeProto(.tensor(TensorTypeProto(.uint2, shape: axes)))
  type.denotation = "IMAGE"
  let types = [
    type, TypeProto(), TypeProto(.tensor(TensorTypeProto(.float, shape: []))),
    TypeProto(.sparseTensor(TensorTypeProto(.double, shape: nil))),
    TypeProto(.sequence(of: TypeProto(.optional(of: type)))),
    TypeProto(.map(from: 7, to: TypeProto(.sequence(of: type)))),
    TypeProto(.opaque(domain: "d", name: "n")),
  ]
  var inner = GraphProto()
  inner.name = "inner"
  inner.nodes = [NodeProto("Identity", inputs: ["", "a"], outputs: [""])]
  let values: [AttributeProto.Value] = [
    .undefined, .float(0), .int(0), .int(-1), .string(Bytes()), .tensor(everything),
    .graph(inner), .floats([]), .floats([1, -0.5]), .ints([.min, 0, .max]),
    .strings([Bytes(), Bytes([0xC0])]), .tensors([everything, TensorProto()]),
    .graphs([inner, GraphProto()]), .sparseTensor(sparse), .sparseTensors([sparse]),
    .typeProto(type), .typeProtos(types), .reference("outer", .ints),
  ]
  var node = NodeProto("Op", inputs: ["a"], outputs: ["b"], name: "n", domain: "d")
  node.overload = "o"
  node.docString = "doc"
  node.metadata = notes
  node.attributes = values.enumerated().map { AttributeProto("a\($0)", $1) }
  node.attributes[0].docString = "doc"
  var value = ValueInfoProto("v", type)
  value.docString = "doc"
  value.metadata = notes
  var annotation = TensorAnnotationProto()
  annotation.tensorName = "v"
  annotation.parameterNames = notes
  var function = FunctionProto()
  function.name = "Op"
  function.domain = "d"
  function.overload = "o"
  function.inputs = ["a", ""]
  function.outputs = ["b"]
  function.attributes = ["outer"]
  function.attributeDefaults = [AttributeProto("alpha", .float(1))]
  function.nodes = [node]
  function.docString = "doc"
  function.opsetImports = [OperatorSetIdProto(domain: "d", version: 1)]
  function.valueInfo = [value, ValueInfoProto("untyped")]
  function.metadata = notes
  var model = smallModel()
  model.producerVersion = "1"
  model.domain = "org"
  model.modelVersion = -1
  model.docString = "doc"
  model.metadata = notes
  model.functions = [function]
  model.graph.nodes.append(node)
  model.graph.initializers.append(everything)
  model.graph.sparseInitializers = [sparse]
  model.graph.docString = "doc"
  model.graph.valueInfo = types.map { ValueInfoProto("v", $0) }
  model.graph.quantizationAnnotations = [annotation]
  model.graph.metadata = notes
  return model
}

/// A tensor whose data `fill` enters.
func tensor(
  _ name: String, _ type: ONNXElementType, _ dims: [Int64], _ fill: (inout TensorProto) -> Void
) -> TensorProto {
  var result = TensorProto()
  result.name = name
  result.dataType = type.rawValue
  result.dims = dims
  fill(&result)
  return result
}

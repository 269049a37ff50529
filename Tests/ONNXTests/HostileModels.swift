// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import ONNX

/// Models of one node whose operands and attributes are drawn at random, extreme ones among them.
enum HostileModels {
  static let attributeNames = [
    "axis", "axes", "pads", "strides", "dilations", "kernel_shape", "group", "auto_pad",
    "output_padding", "output_shape", "ceil_mode", "keepdims", "mode", "scales", "perm", "to",
    "value", "starts", "ends", "split", "num_outputs", "blocksize", "block_size", "size",
    "num_groups", "broadcast", "alpha", "start", "end", "k", "direction", "allowzero",
    "noop_with_empty_axes", "transA", "transB", "value_ints", "output_dtype", "storage_order",
    "keep_aspect_ratio_policy", "coordinate_transformation_mode", "training_mode", "p", "upper",
  ]
  private static let integers: [Int64] = [
    0, 1, 1, 1, 2, 2, 3, -1, -2, 4, 7, .max, .min, .min + 1, 1 << 31, 1 << 40, -(1 << 33), 1 << 62,
  ]
  private static let texts = [
    "SAME_UPPER", "SAME_LOWER", "VALID", "linear", "cubic", "reflect", "edge", "wrap", "CRD",
    "not_larger", "tf_crop_and_resize", "LEFT", "", "?",
  ]
  private static let shapes: [[Int64]] = [
    [1, 4, 5, 6], [2, 3, 4], [1, 1, 3, 3], [4], [3], [2], [1], [], [0], [2, 2], [4, 4, 1, 1],
    [1, 4, 0, 2], [4, 2, 3, 3], [1, 2, 1 << 40], [1 << 45], [8],
  ]
  private static let types: [ONNXElementType] = [
    .float, .float, .float, .int64, .int64, .uint8, .int8, .bool, .int32, .float16, .double, .uint64,
  ]

  /// A model of one node of an operator.
  static func model(
    of name: String, domain: String, opset: Int, _ random: inout SeededGenerator
  ) -> ModelProto {
    var model = ModelProto()
    model.irVersion = 8
    model.opsetImports = [
      OperatorSetIdProto(version: Int64(domain.isEmpty ? opset : 17)),
      OperatorSetIdProto(domain: domain.isEmpty ? "x" : domain, version: Int64(opset)),
    ]
    var node = NodeProto(name, inputs: [], outputs: ["y", "y1", "y2"], name: "n", domain: domain)
    if Bool.random(using: &random) { node.outputs = ["y"] }
    for index in 0..<Int.random(in: 0...7, using: &random) {
      let operand = "x\(index)"
      let type = types.randomElement(using: &random) ?? .float
      let shape = shapes.randomElement(using: &random) ?? []
      switch Int.random(in: 0..<5, using: &random) {
      case 0: node.inputs.append("")
      case 1, 2:
        node.inputs.append(operand)
        model.graph.initializers.append(list(operand, &random))
      default:
        node.inputs.append(operand)
        let dims = shape.map { DimensionProto(.value($0)) }
        model.graph.inputs.append(
          ValueInfoProto(operand, TypeProto(.tensor(TensorTypeProto(type, shape: dims)))))
      }
    }
    for _ in 0..<Int.random(in: 0...5, using: &random) {
      let attribute = attributeNames.randomElement(using: &random) ?? "axis"
      if node.attribute(attribute) != nil { continue }
      node.attributes.append(AttributeProto(attribute, value(&random)))
    }
    model.graph.nodes = [node]
    model.graph.outputs = [ValueInfoProto("y")]
    return model
  }

  /// A constant list of integers or floats.
  private static func list(_ name: String, _ random: inout SeededGenerator) -> TensorProto {
    let count = Int.random(in: 0...8, using: &random)
    let values = (0..<count).map { _ in integers.randomElement(using: &random) ?? 0 }
    let isFloat = Int.random(in: 0..<3, using: &random) == 0
    var tensor = TensorProto()
    tensor.name = name
    tensor.dims = count == 1 && Bool.random(using: &random) ? [] : [Int64(count)]
    tensor.dataType = (isFloat ? ONNXElementType.float : .int64).rawValue
    tensor.rawData = isFloat ? Bytes(copying: values.map { Float($0) }) : Bytes(copying: values)
    return tensor
  }

  private static func value(_ random: inout SeededGenerator) -> AttributeProto.Value {
    let count = Int.random(in: 0...8, using: &random)
    let values = (0..<count).map { _ in integers.randomElement(using: &random) ?? 0 }
    switch Int.random(in: 0..<6, using: &random) {
    case 0, 1: return .int(integers.randomElement(using: &random) ?? 0)
    case 2, 3: return .ints(values)
    case 4: return .floats(values.map { Float($0) })
    default: return .string(Bytes(Array((texts.randomElement(using: &random) ?? "").utf8)))
    }
  }
}

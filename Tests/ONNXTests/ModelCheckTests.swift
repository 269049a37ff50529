// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import ONNX
import Testing

/// What an import of a model of `x: f32[1,4]` and `y` ends with, or nil.
private func refusal(
  _ nodes: [NodeProto], opset: Int64 = 17, assuming assumed: Int? = nil,
  _ change: (inout ModelProto) -> Void = { _ in }
) -> Failure? {
  var model = ModelProto()
  model.irVersion = 10
  model.opsetImports = [OperatorSetIdProto(version: opset)]
  model.graph.nodes = nodes
  model.graph.inputs = [value("x", .float, [1, 4])]
  model.graph.outputs = [ValueInfoProto("y")]
  change(&model)
  var options = ImportOptions()
  options.assumedOpset = assumed
  do throws(Failure) {
    _ = try ONNXImporter.graph(from: model, file: "m.onnx", options: options)
    return nil
  } catch {
    return error
  }
}

private func value(_ name: String, _ type: ONNXElementType, _ extents: [Int64]) -> ValueInfoProto {
  let dims = extents.map { DimensionProto(.value($0)) }
  return ValueInfoProto(name, TypeProto(.tensor(TensorTypeProto(type, shape: dims))))
}

private func number(_ name: String) -> TensorProto {
  var tensor = TensorProto()
  tensor.name = name
  tensor.dims = [1]
  tensor.dataType = ONNXElementType.float.rawValue
  tensor.rawData = Bytes(copying: [Float(1)])
  return tensor
}

private let relu = NodeProto("Relu", inputs: ["x"], outputs: ["y"], name: "relu")

@Suite struct ModelCheckTests {
  @Test func soundModels() {
    #expect(refusal([relu]) == nil)
  }

  @Test func whatIsSaidTwice() {
    func check(_ words: String, _ nodes: [NodeProto] = [relu], _ change: (inout ModelProto) -> Void = { _ in }) {
      let text = refusal(nodes, change)?.description ?? "taken"
      #expect(text.contains(words), "\(text)")
    }
    check("tensor 'w': it is stored twice") { $0.graph.initializers = [number("w"), number("w")] }
    check("output 'y' is declared twice") { $0.graph.outputs += [ValueInfoProto("y")] }
    check("input 'x' is declared twice") { $0.graph.inputs += [ValueInfoProto("x")] }
    check("'ai.onnx' is imported twice") { $0.opsetImports += [OperatorSetIdProto(domain: "ai.onnx", version: 13)] }
    check("'y' is an initializer already") { $0.graph.initializers = [number("y")] }
    check("'y' is computed by another node already", [relu, relu])
    var twice = relu
    twice.attributes = [AttributeProto("a", .int(1)), AttributeProto("a", .int(1))]
    check("node 'relu' (Relu): attribute 'a' is given twice", [twice])
    check("holds FLOAT, as an input it is declared to hold INT64") {
      $0.graph.initializers = [number("w")]
      $0.graph.inputs += [value("w", .int64, [1])]
    }
    let constant = NodeProto(
      "Constant", inputs: [], outputs: ["c"],
      attributes: [AttributeProto("value_int", .int(1)), AttributeProto("value_float", .float(1))])
    check("several values: value_int, value_float", [relu, constant])
    let branch = NodeProto(
      "If", inputs: ["x"], outputs: ["c"], attributes: [AttributeProto("else_branch", .graph(GraphProto()))])
    check("then_branch is missing", [relu, branch])
  }

  @Test func declaredTypes() {
    let other = refusal([relu]) { $0.graph.outputs = [value("y", .int64, [1, 4])] }
    #expect(other?.description.contains("declared to hold INT64, it holds f32") == true)
    #expect(refusal([relu]) { $0.graph.outputs = [value("y", .float, [1, 5])] } == nil)
  }

  @Test func opsets() {
    #expect(refusal([relu], opset: 999)?.kind == .unsupported)
    #expect(refusal([relu], opset: 999, assuming: 17) == nil)
    let flatten = NodeProto(
      "Flatten", inputs: ["x"], outputs: ["y"], attributes: [AttributeProto("axis", .int(-1))])
    #expect(refusal([flatten], opset: 10)?.description.contains("negative") == true)
    #expect(refusal([flatten], opset: 10, assuming: 11) == nil)
    #expect(refusal([flatten], opset: 11) == nil)
  }

  /// Functions that call each other: `width` times on each of `depth` levels.
  private func nested(depth: Int, width: Int) -> Failure? {
    let call = NodeProto("F0", inputs: ["x"], outputs: ["y"], domain: "d")
    return refusal([call]) { model in
      model.opsetImports.append(OperatorSetIdProto(domain: "d", version: 1))
      for level in 0..<depth {
        var function = FunctionProto()
        (function.name, function.domain) = ("F\(level)", "d")
        (function.inputs, function.outputs) = (["v0"], ["v\(width)"])
        function.nodes = (0..<width).map { i in
          let isLast = level + 1 == depth
          return NodeProto(
            isLast ? "Relu" : "F\(level + 1)", inputs: ["v\(i)"], outputs: ["v\(i + 1)"],
            domain: isLast ? "" : "d")
        }
        model.functions.append(function)
      }
    }
  }

  /// Written out it would be 2⁹⁰ nodes: the limit is found without doing so.
  @Test(.timeLimit(.minutes(1))) func limitsComeBeforeTheWork() {
    #expect(nested(depth: 50, width: 1) == nil)
    #expect(nested(depth: 8, width: 2) == nil)
    #expect(nested(depth: 90, width: 2)?.description.contains("more than 2000000 nodes") == true)
    #expect(nested(depth: 101, width: 1)?.description.contains("more than 100 deep") == true)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import ONNX
import Tensors
import Testing

/// A model of some nodes from `x: f32[2,3,4]` to `y`.
private func model(
  _ nodes: [NodeProto], opset: Int64 = 21, _ change: (inout ModelProto) -> Void = { _ in }
) -> ModelProto {
  var model = ModelProto()
  model.irVersion = 10
  model.opsetImports = [OperatorSetIdProto(version: opset)]
  model.graph.name = "g"
  model.graph.nodes = nodes
  model.graph.inputs = [input("x", [2, 3, 4])]
  model.graph.outputs = [ValueInfoProto("y")]
  change(&model)
  return model
}

private func input(
  _ name: String, _ extents: [Int64], _ type: ONNXElementType = .float
) -> ValueInfoProto {
  let dims = extents.map { DimensionProto(.value($0)) }
  return ValueInfoProto(name, TypeProto(.tensor(TensorTypeProto(type, shape: dims))))
}

private func ints(_ name: String, _ values: [Int64]) -> TensorProto {
  var tensor = TensorProto()
  tensor.name = name
  tensor.dims = [Int64(values.count)]
  tensor.dataType = ONNXElementType.int64.rawValue
  tensor.int64Data = values
  return tensor
}

/// The mnemonics of a graph's ops in order, and the type of its first output.
private func summary(
  _ model: ModelProto, _ options: ImportOptions = ImportOptions()
) throws -> String {
  let graph = try ONNXImporter.graph(from: model, file: "m.onnx", options: options).graph
  let names = graph.opIDs.map { type(of: graph.definition(of: $0)).name }
  return names.joined(separator: " ") + " " + graph.type(of: graph.outputs[0].value).description
}

private func failure(
  _ model: ModelProto, _ options: ImportOptions = ImportOptions()
) -> Failure? {
  do throws(Failure) {
    _ = try ONNXImporter.graph(from: model, file: "m.onnx", options: options)
    return nil
  } catch {
    return error
  }
}

@Suite struct ImporterTests {
  @Test func everyVersionHasItsMeaning() throws {
    let softmax = NodeProto("Softmax", inputs: ["x"], outputs: ["y"])
    #expect(try summary(model([softmax], opset: 12)) == "reshape softmax reshape f32[2,3,4]")
    #expect(try summary(model([softmax], opset: 13)) == "softmax f32[2,3,4]")
    let add = NodeProto(
      "Add", inputs: ["x", "b"], outputs: ["y"],
      attributes: [AttributeProto("broadcast", .int(1)), AttributeProto("axis", .int(1))])
    let channels = { (model: inout ModelProto) in model.graph.inputs.append(input("b", [3])) }
    #expect(try summary(model([add], opset: 6, channels)) == "reshape binary f32[2,3,4]")
    #expect(failure(model([add], opset: 7, channels))?.kind == .failed)
    let squeeze = NodeProto(
      "Unsqueeze", inputs: ["x"], outputs: ["y"], attributes: [AttributeProto("axes", .ints([-1]))])
    #expect(try summary(model([squeeze], opset: 11)) == "reshape f32[2,3,4,1]")
  }

  @Test func namesAllThatIsUnsupported() throws {
    let nodes = [
      NodeProto("Einsum", inputs: ["x"], outputs: ["a"], name: "first"),
      NodeProto("Relu", inputs: ["a"], outputs: ["b"]),
      NodeProto("TopK", inputs: ["b"], outputs: ["y"], name: "second"),
      NodeProto("Unused", inputs: ["x"], outputs: ["z"]),
    ]
    let found = try #require(failure(model(nodes)))
    #expect(found.kind == .unsupported)
    #expect(found.diagnostics.map(\.origin.subject) == [
      "node 'first' (Einsum)", "node 'second' (TopK)",
    ])
    #expect(found.diagnostics.last?.notes.last == "unsupported: Einsum, TopK")
  }

  @Test(
    arguments: [
      (["a", "b"], "part of a cycle"), (["b", "x"], "is read before"), (["x", "nowhere"], "neither an input"),
    ])
  func findsWhatIsOutOfOrder(operands: [String], expected: String) throws {
    let nodes = [
      NodeProto("Add", inputs: [operands[0], operands[1]], outputs: ["a"], name: "n"),
      NodeProto("Relu", inputs: [operands.contains("a") ? "a" : "x"], outputs: ["b"]),
      NodeProto("Add", inputs: ["a", "b"], outputs: ["y"]),
    ]
    let found = try #require(failure(model(nodes)))
    #expect(found.description.contains("node 'n' (Add)") && found.description.contains(expected))
  }

  @Test func writesFunctionsOut() throws {
    var leaky = FunctionProto()
    leaky.name = "Twice"
    leaky.domain = "my"
    leaky.inputs = ["a"]
    leaky.outputs = ["c"]
    leaky.attributes = ["slope"]
    leaky.opsetImports = [OperatorSetIdProto(version: 12)]
    leaky.nodes = [
      NodeProto(
        "LeakyRelu", inputs: ["a"], outputs: ["b"],
        attributes: [AttributeProto("alpha", .reference("slope", .float))]),
      NodeProto("Softmax", inputs: ["b"], outputs: ["c"]),
    ]
    let call = NodeProto(
      "Twice", inputs: ["x"], outputs: ["y"], name: "call", domain: "my",
      attributes: [AttributeProto("slope", .float(0.5))])
    let whole = model([call]) { $0.functions = [leaky] }
    let graph = try ONNXImporter.graph(from: whole, file: "m.onnx").graph
    let first = try #require(graph.opIDs.first)
    #expect(graph.op(first, as: Unary.self)?.alpha == 0.5)
    #expect(graph.location(of: first).layers == ["call/LeakyRelu_0"])
    #expect(try summary(whole) == "unary reshape softmax reshape f32[2,3,4]")
    leaky.nodes = [NodeProto("Twice", inputs: ["a"], outputs: ["c"], domain: "my")]
    let endless = failure(model([call]) { $0.functions = [leaky] })
    #expect(endless?.description.contains("calls itself") == true)
  }

  @Test func takesTheBranchOfAConstantCondition() throws {
    func branch(_ op: String) -> AttributeProto.Value {
      var graph = GraphProto()
      graph.nodes = [NodeProto(op, inputs: ["x"], outputs: ["r"])]
      graph.outputs = [ValueInfoProto("r")]
      return .graph(graph)
    }
    var condition = TensorProto()
    condition.name = "c"
    condition.dataType = ONNXElementType.bool.rawValue
    condition.int32Data = [0]
    let node = NodeProto(
      "If", inputs: ["c"], outputs: ["y"],
      attributes: [
        AttributeProto("then_branch", branch("Relu")), AttributeProto("else_branch", branch("Softmax")),
      ])
    #expect(
      try summary(model([node]) { $0.graph.initializers = [condition] }) == "softmax f32[2,3,4]")
  }

  @Test func cutsAtInnerTensors() throws {
    let nodes = [
      NodeProto("Flatten", inputs: ["x"], outputs: ["a"]),
      NodeProto("Relu", inputs: ["a"], outputs: ["b"]),
      NodeProto("Softmax", inputs: ["b"], outputs: ["y"]),
    ]
    var options = ImportOptions()
    options.inputs = ["a"]
    #expect(try summary(model(nodes), options) == "unary softmax f32[2,12]")
    options.outputs = ["b"]
    let graph = try ONNXImporter.graph(from: model(nodes), file: "m", options: options).graph
    #expect(graph.inputs.map(\.name) == ["a"] && graph.outputs.map(\.name) == ["b"])
    options.outputs = ["c"]
    #expect(failure(model(nodes), options)?.description.contains("no tensor 'c'") == true)
  }

  @Test func bindsDimensions() throws {
    let free = { (model: inout ModelProto) in
      model.graph.inputs = [
        ValueInfoProto(
          "x",
          TypeProto(
            .tensor(
              TensorTypeProto(
                .float, shape: [DimensionProto(.parameter("N")), DimensionProto(.value(4))]))))
      ]
    }
    let relu = model([NodeProto("Relu", inputs: ["x"], outputs: ["y"])], free)
    let (graph, warnings) = try ONNXImporter.graph(from: relu, file: "m")
    #expect(graph.type(of: graph.inputs[0].value).description == "f32[1,4]")
    #expect(warnings.map(\.message) == ["symbolic dimensions are taken as 1: N"])
    var options = ImportOptions()
    options.dimensions = ["N": 8]
    #expect(try summary(relu, options) == "unary f32[8,4]")
    options.dimensions = ["M": 8]
    #expect(failure(relu, options)?.kind == .usage)
    options.dimensions = [:]
    options.shapes = ["x": [5, 4]]
    #expect(try summary(relu, options) == "unary f32[5,4]")
  }

  @Test func surplusOperandsAreRefused() {
    let relu = model([NodeProto("Relu", inputs: ["x", "", "x"], outputs: ["y"])])
    #expect(
      failure(relu)?.diagnostics.map(\.message)
        == ["operand 2 ('x') is one too many: Relu takes 1"])
  }

  /// Names are bytes: "é" as one scalar and as two are different tensors.
  @Test func namesThatLookAlikeAreTwoTensors() throws {
    let (one, two) = ("\u{E9}", "e\u{301}")
    let both = model([
      NodeProto("Relu", inputs: ["x"], outputs: [one]),
      NodeProto("Neg", inputs: ["x"], outputs: [two]),
      NodeProto("Sub", inputs: [one, two], outputs: ["y"]),
    ])
    let graph = try ONNXImporter.graph(from: both, file: "m").graph
    let difference = try #require(graph.producer(of: graph.outputs[0].value))
    let operands = graph.operands(of: difference).compactMap { $0 }
    #expect(Set(operands).count == 2)
    #expect(graph.name(of: operands[1]) == "\(one)_2")
  }

  @Test func portsMayBeConstantsAndInputs() throws {
    let both = model([NodeProto("Identity", inputs: ["x"], outputs: ["y"])]) {
      $0.graph.inputs.append(input("w", [2], .int64))
      $0.graph.initializers = [ints("w", [3, 4])]
      $0.graph.outputs += [ValueInfoProto("w"), ValueInfoProto("x")]
    }
    let graph = try ONNXImporter.graph(from: both, file: "m").graph
    #expect(graph.inputs.map(\.name) == ["x"] && graph.opCount == 0)
    #expect(graph.outputs.map { graph.tensor($0.value)?.integers() } == [nil, [3, 4], nil])
    let again = try ONNXImporter.graph(from: try ONNXExporter.model(from: graph), file: "m").graph
    #expect(again.outputs.map { graph.tensor($0.value)?.integers() } == [nil, [3, 4], nil])
  }

  /// Whatever a node says, the import ends with a graph or a failure; what it takes can be
  /// exported.
  @Test func hostileNodesDoNotTrap() throws {
    var random = SeededGenerator(state: 5)
    var imported = 0
    for importer in ImporterTable.standard.importers {
      for _ in 0..<120 {
        let opset = Int.random(in: importer.opsets, using: &random)
        let model = HostileModels.model(
          of: importer.name, domain: importer.domain, opset: opset, &random)
        guard let graph = try? ONNXImporter.graph(from: model, file: "m").graph else { continue }
        imported += 1
        _ = try? ONNXExporter.model(from: graph).serialized()
      }
    }
    #expect(imported > 300)
  }
}

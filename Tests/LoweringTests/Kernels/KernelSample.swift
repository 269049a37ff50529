// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import LoopInterpreter
import LoopIR
import Lowering
import Targets
import Tensors
import Testing

/// A small graph whose lowered form is compared with its meaning.
struct KernelSample {
  let name: String
  private let build: (inout SampleGraph) throws -> Void

  init(_ name: String, _ build: @escaping (inout SampleGraph) throws -> Void) {
    self.name = name
    self.build = build
  }

  /// The targets that kernels differ for: without vectors, with few registers, and with vectors of 4, 8 and 16 floats.
  static let targets = ["c99", "m0plus", "m4", "x86-64", "x86-64-v3", "x86-64-v4"]

  /// The targets that kernels of bytes differ for: scalar, SMLAD, SDOT, products of pairs in vectors of 4, 8 and 16, VNNI of both widths.
  static let byteTargets = [
    "m0plus", "m4", "m55", "aarch64-dotprod", "x86-64", "x86-64-v3", "x86-64-v4",
    "x86-64-v3 avx-vnni", "x86-64-v4 avx512-vnni",
  ]

  /// The target of a name, perhaps with a feature more.
  private static func target(_ name: String) -> Target? {
    let words = name.split(separator: " ")
    guard var target = Target.standard.first(where: { $0.name == words[0] }) else { return nil }
    if words.count > 1 {
      guard let feature = Target.Feature(rawValue: String(words[1])) else { return nil }
      target.features.insert(feature)
    }
    return target
  }

  /// Lowers the graph, runs the program and compares the outputs with the evaluator's. Integers agree exactly, unless they are made of
  /// floats by rounding: `integerSteps` is then how far a tie or a digit of f32 may move them.
  func check(
    on targetName: String, lowering expected: String? = nil, integerSteps: Double = 0
  ) throws {
    let (graph, inputs) = try graph()
    let reference = try Evaluator(graph).run(inputs)
    let lowered = try lower(graph, for: targetName)
    if let expected {
      #expect(lowered.choices.contains { $0.lowering == expected }, "\(lowered.choices)")
    }
    let outputs = graph.outputs.map { _ in Tensor?.none }
    let ports = try LoopInterpreter.run(lowered.program, ports: inputs + outputs)
    for (output, wanted) in zip(ports.dropFirst(inputs.count), reference) {
      #expect(output.type == wanted.type)
      compare(output, wanted, integerSteps)
    }
  }

  /// The graph and its inputs.
  func graph() throws -> (Graph, [Tensor]) {
    var sample = SampleGraph(seed: name.utf8.reduce(7) { $0 &* 31 &+ Int($1) })
    try build(&sample)
    return sample.finish()
  }

  /// The graph brought down for a target of that name.
  func lower(_ graph: Graph, for targetName: String) throws -> Lowered {
    try Lowerer(target: try #require(Self.target(targetName))).lower(graph, name: "sample")
  }

  private func compare(_ output: Tensor, _ wanted: Tensor, _ integerSteps: Double) {
    if wanted.element.isInteger, integerSteps > 0 {
      let far = zip(output.doubles(), wanted.doubles()).filter { a, b in
        abs(a - b) > max(integerSteps, 1e-6 * abs(b))
      }
      #expect(far.isEmpty)
      return
    }
    if wanted.element.isInteger {
      #expect(output.integers() == wanted.integers())
      return
    }
    let tolerance = wanted.element.bitCount == 16 ? 1e-2 : 1e-4
    let (a, b) = (output.doubles(), wanted.doubles())
    let wrong = a.indices.filter { i in
      a[i] != b[i] && !(a[i].isNaN && b[i].isNaN)
        && !(abs(a[i] - b[i]) <= tolerance * max(1, abs(b[i])))
    }
    let first = wrong.first.map { "\($0): \(a[$0]), expected \(b[$0])" } ?? ""
    #expect(wrong.isEmpty, "\(wrong.count) of \(a.count) differ, first at \(first)")
  }
}

/// A graph in the making, with random inputs.
struct SampleGraph: ~Copyable {
  private var rewriter = Rewriter(Graph(name: "sample"))
  private var random: TestNumbers
  private var inputs: [Tensor] = []

  init(seed: Int) { random = TestNumbers(seed) }

  /// An input port with random content.
  mutating func input(_ element: ElementType, _ extents: [Int]) throws -> ValueID {
    let tensor = try tensor(element, extents)
    inputs.append(tensor)
    return rewriter.addInput(name: "x\(inputs.count)", type: tensor.type)
  }

  /// A constant with random content.
  mutating func constant(_ element: ElementType, _ extents: [Int]) throws -> ValueID {
    rewriter.addConstant(try tensor(element, extents))
  }

  /// A constant of random integers below a bound.
  mutating func constant(
    _ element: ElementType, _ extents: [Int], below bound: Int64
  ) throws -> ValueID {
    let tensor = try tensor(element, extents)
    return rewriter.addConstant(
      Tensor(tensor.type, wrapping: tensor.integers().map { $0 % bound }))
  }

  /// A constant of random positive floats.
  mutating func constant(
    _ element: ElementType, _ extents: [Int], scaledBy factor: Double
  ) throws -> ValueID {
    let tensor = try tensor(element, extents)
    return rewriter.addConstant(
      Tensor(tensor.type, rounding: tensor.doubles().map { ($0 * $0 + 0.1) * factor }))
  }

  /// A constant of one number.
  mutating func constant(_ value: Double, _ element: ElementType) -> ValueID {
    rewriter.addConstant(Tensor(scalar: value, element))
  }

  /// The first result of an op.
  mutating func op(_ definition: any OpDefinition, _ operands: ValueID?...) throws -> ValueID {
    try rewriter.insert(definition, operands, location: Location())[0]
  }

  /// The element type of a value.
  func element(of value: ValueID) -> ElementType { rewriter.graph.type(of: value).element }

  mutating func output(_ value: ValueID) {
    rewriter.addOutput(name: "y\(rewriter.graph.outputs.count)", value: value)
  }

  consuming func finish() -> (Graph, [Tensor]) {
    let inputs = inputs
    return (rewriter.finish(), inputs)
  }

  private mutating func tensor(_ element: ElementType, _ extents: [Int]) throws -> Tensor {
    let shape = try #require(Shape(extents))
    let type = TensorType(element, shape)
    if element.isFloat {
      return Tensor(type, rounding: (0..<shape.elementCount).map { _ in random.float() })
    }
    return Tensor(type, wrapping: (0..<shape.elementCount).map { _ in random.integer() })
  }
}

/// A repeatable source of random numbers (SplitMix64).
struct TestNumbers {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(bitPattern: Int64(seed)) }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// From −1 to 1.
  mutating func float() -> Double { Double(next() >> 11) / Double(1 << 52) - 1 }

  mutating func integer() -> Int64 { Int64(bitPattern: next()) >> 20 }
}

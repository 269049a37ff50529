// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import GraphIR
import Passes
import Rewriting
import Tensors
import Testing

/// Random networks in which channels are made constant or unread on purpose.
@Suite struct DeadChannels {
  @Test(arguments: 0..<60) func plantedChannelsGo(_ seed: Int) throws {
    var network = try RandomNetwork(seed: seed)
    let graph = try network.build()
    #expect(graph.verify().isEmpty)
    let after = try Opt.optimized(graph, "remove-dead-channels")
    #expect(try Opt.difference(graph, after, .relative(1e-5)) == nil)
    #expect(channels(after) <= channels(graph) - network.planted)
    // Whatever goes, goes at once.
    let again = try Opt.optimized(after, "remove-dead-channels")
    #expect(channels(again) == channels(after))
    // And the other passes leave the meaning alone.
    let all = try Opt.optimized(graph, "canonicalize, fold-batch-norm, remove-dead-channels")
    #expect(try Opt.difference(graph, all, .relative(1e-5)) == nil)
  }

  /// The output channels of all convolutions.
  private func channels(_ graph: Graph) -> Int {
    graph.opIDs.reduce(0) { sum, op in
      guard graph.op(op, as: Convolution.self) != nil else { return sum }
      return sum + graph.type(of: graph.results(of: op)[0]).shape[1]
    }
  }
}

/// A chain of blocks: convolutions with and without padding, normalisations, activations, residual
/// sums, depthwise convolutions, concatenations, pools; then flattened into a matrix product.
struct RandomNetwork {
  private var random: Random
  private var graph = Graph(name: "random")
  /// Output channels of convolutions that must go.
  private(set) var planted = 0

  init(seed: Int) throws { random = Random(seed: seed + 1000) }

  mutating func build() throws -> Graph {
    var copy = Graph(name: "random")
    swap(&copy, &graph)
    let made = try copy.rewrite { rw -> Int in
      let shape = try #require(Shape([2, 3, 8, 8]))
      var value = rw.addInput(name: "x", type: TensorType(.f32, shape))
      for block in 0..<2 + random.below(4) { value = try addBlock(block, value, &rw) }
      let type = rw.graph.type(of: value)
      let columns = type.shape.elementCount / 2
      let flat = try rw.insert(Reshape(to: [-2, columns]), [value], location: Location())[0]
      let weight = constant([columns, 3], &rw) { _ in nil }
      let output = try rw.insert(MatrixMultiply(), [flat, weight], location: Location(["fc"]))[0]
      rw.addOutput(name: "y", value: output)
      return rw.graph.opCount
    }
    #expect(made > 0)
    return copy
  }

  /// A constant of random numbers between -1 and 1, where `fixed` gives none for the index along
  /// axis 0.
  private mutating func constant(
    _ extents: [Int], _ rw: inout Rewriter, _ fixed: (Int) -> Double?
  ) -> ValueID {
    let count = extents.reduce(1, *)
    let values = (0..<count).map { fixed($0 / (count / extents[0])) ?? random.unit() * 2 - 1 }
    guard let shape = Shape(extents) else { return rw.addConstant(Tensor(scalar: 0, .f32)) }
    return rw.addConstant(Tensor(TensorType(.f32, shape), rounding: values))
  }

  /// A weight of a dead filter: nothing, or what training leaves of it.
  private mutating func tiny() -> Double { random.below(2) == 0 ? 0 : 1e-30 }

  /// A convolution with a rectifier in which some channels are 0 for every input.
  private mutating func layer(
    _ input: ValueID, outputs: Int, dead: Set<Int>, name: String, _ rw: inout Rewriter
  ) throws -> ValueID {
    let inputs = rw.graph.type(of: input).shape[1]
    var conv = Convolution()
    conv.padding = random.below(2) == 0 ? [1, 1, 1, 1] : []
    let kernel = conv.padding.isEmpty ? 1 : 3
    // In front of a normalisation only zeros are dead.
    let isNormed = random.below(2) == 0
    let nothing = isNormed ? 0 : tiny()
    let weight = constant([outputs, inputs, kernel, kernel], &rw) { dead.contains($0) ? nothing : nil }
    let bias = constant([outputs], &rw) { dead.contains($0) ? -0.5 : nil }
    var value = try rw.insert(conv, [input, weight, bias], location: Location([name]))[0]
    if isNormed {
      let parameters = [1.0, 0, 0.25, 1].map { value in
        constant([outputs], &rw) { dead.contains($0) ? value : value + 0.125 }
      }
      value = try rw.insert(BatchNorm(), [value] + parameters, location: Location())[0]
    }
    return try rw.insert(Unary(.relu), [value], location: Location())[0]
  }

  private mutating func addBlock(
    _ block: Int, _ input: ValueID, _ rw: inout Rewriter
  ) throws -> ValueID {
    let outputs = 4 + random.below(5)
    let dead = Set((0..<random.below(3)).map { _ in random.below(outputs) })
    var value = try layer(input, outputs: outputs, dead: dead, name: "conv\(block)", &rw)
    planted += dead.count
    switch random.below(7) {
    case 0:
      // A branch in which the same channels are dead, and a sum.
      let branch = try layer(value, outputs: outputs, dead: dead, name: "branch\(block)", &rw)
      planted += dead.count
      return try rw.insert(Binary(.add), [value, branch], location: Location())[0]
    case 1:
      var conv = Convolution()
      conv.groups = outputs
      conv.padding = [1, 1, 1, 1]
      let weight = constant([outputs, 1, 3, 3], &rw) { _ in nil }
      planted += dead.count
      return try rw.insert(conv, [value, weight], location: Location(["dw\(block)"]))[0]
    case 2:
      let other = try layer(input, outputs: 3, dead: [1], name: "other\(block)", &rw)
      planted += 1
      return try rw.insert(Concat(axis: 1), [other, value], location: Location())[0]
    case 3:
      if rw.graph.type(of: value).shape[2] > 2 {
        var pool = Pool()
        pool.kind = random.below(2) == 0 ? .max : .average
        pool.window = [2, 2]
        pool.strides = [2, 2]
        value = try rw.insert(pool, [value], location: Location())[0]
      }
      return value
    case 4: return try grouped(block, value, outputs, &rw)
    case 5: return try quantized(value, &rw)
    default: return value
    }
  }

  /// A convolution of three groups, one of which is dead whole, and one channel of each other one.
  private mutating func grouped(
    _ block: Int, _ input: ValueID, _ inputs: Int, _ rw: inout Rewriter
  ) throws -> ValueID {
    let even = try layer(input, outputs: 6, dead: [2], name: "even\(block)", &rw)
    var conv = Convolution()
    conv.groups = 3
    conv.padding = [1, 1, 1, 1]
    let dead: Set = [1, 2, 3, 4]
    let nothing = tiny()
    let weight = constant([6, 2, 3, 3], &rw) { dead.contains($0) ? nothing : nil }
    let bias = constant([6], &rw) { dead.contains($0) ? -0.5 : nil }
    // Group 1 (outputs 2 and 3) takes inputs 2 and 3 along.
    planted += 2 + 4
    let value = try rw.insert(conv, [even, weight, bias], location: Location(["g\(block)"]))[0]
    return try rw.insert(Unary(.relu), [value], location: Location())[0]
  }

  /// Rounded to steps: zeros stay zeros.
  private mutating func quantized(_ input: ValueID, _ rw: inout Rewriter) throws -> ValueID {
    let scale = rw.addConstant(Tensor(scalar: 0.0625, .f32))
    let zero = rw.addConstant(Tensor(scalar: 7, .u8))
    let q = try rw.insert(Quantize(), [input, scale, zero], location: Location())[0]
    return try rw.insert(Dequantize(), [q, scale, zero], location: Location())[0]
  }
}

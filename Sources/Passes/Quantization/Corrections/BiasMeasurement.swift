// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// The means of layers over samples, in the float graph and in the quantized one. The corrections
/// found so far are inputs of the graph that is run, so that it is the same one every time and need
/// not be compiled again. Memory does not grow with the number of samples.
struct BiasMeasurement {
  private let pairs: [LayerPair]
  private let runner: any GraphRunner
  private let samples: Samples
  private let probe: Graph
  private let outputCount: Int
  /// The means in the float graph, by pair and channel.
  private let expected: [[Double]]

  /// - Throws: if a graph cannot be run, or a mean is not finite.
  init(
    _ pairs: [LayerPair], of graph: Graph, _ float: Graph, _ runner: any GraphRunner,
    _ samples: Samples
  ) throws(Failure) {
    self.pairs = pairs
    self.runner = runner
    self.samples = samples
    outputCount = graph.outputs.count
    let types = [float, graph].map { graph in graph.inputs.map { graph.type(of: $0.value) } }
    guard types[0] == types[1] else { throw Failure("the float graph has other inputs") }
    probe = try Self.probe(graph, pairs)
    let plain = try Self.means(of: float, pairs.map { ($0.floatResult, $0.axis) })
    expected = try Self.run(plain, runner, samples, skipping: float.outputs.count)
  }

  /// What is to be added to the biases, by pair and channel.
  ///
  /// - Parameter sweeps: how often all layers are corrected at once; 0: one level behind the other.
  func corrections(sweeps: Int) throws(Failure) -> [[Double]] {
    var numbers = pairs.map { Array(repeating: 0.0, count: $0.channels) }
    let levels = Array(Set(pairs.map(\.depth))).sorted()
    for round in 0..<(sweeps == 0 ? levels.count : sweeps) {
      let found = try measure(numbers)
      for (i, pair) in pairs.enumerated() where sweeps > 0 || pair.depth == levels[round] {
        for channel in numbers[i].indices {
          numbers[i][channel] += expected[i][channel] - found[i][channel]
        }
      }
    }
    return numbers
  }

  /// The means of the corrected layers.
  private func measure(_ numbers: [[Double]]) throws(Failure) -> [[Double]] {
    let tensors = numbers.map {
      Tensor(TensorType(.f32, Shape.vector($0.count)), rounding: $0)
    }
    let samples = samples
    let more = Samples(count: samples.count) { (i) throws(Failure) in
      try samples.load(i) + tensors
    }
    return try Self.run(probe, runner, more, skipping: outputCount)
  }

  /// The graph with an input for each layer that is added to its result, and the means as outputs.
  private static func probe(_ graph: Graph, _ pairs: [LayerPair]) throws(Failure) -> Graph {
    var probe = graph
    var moved: [(ValueID, Int)] = []
    do throws(Declined) {
      try probe.rewrite { (rw) throws(Declined) in
        for (i, pair) in pairs.enumerated() {
          let type = rw.graph.type(of: pair.result)
          let vector = rw.addInput(
            name: "correction\(i)", type: TensorType(.f32, Shape.vector(pair.channels)))
          var extents = Array(repeating: 1, count: type.shape.rank)
          extents[pair.axis] = pair.channels
          rw.insertionPoint = rw.graph.op(after: pair.op)
          let shaped = try rw.make(Reshape(to: extents), [vector], location: Location())
          let sum = try rw.make(Binary(.add), [pair.result, shaped], location: Location())
          rw.replaceAllUses(of: pair.result, with: sum)
          if let op = rw.graph.producer(of: sum) {
            rw.setOperand(of: op, slot: 0, to: pair.result)
          }
          moved.append((sum, pair.axis))
        }
      }
    } catch {
      throw Failure(error.description)
    }
    return try means(of: probe, moved)
  }

  /// The graph with the means of values as outputs behind its own.
  private static func means(
    of graph: Graph, _ values: [(value: ValueID, axis: Int)]
  ) throws(Failure) -> Graph {
    var graph = graph
    do throws(Declined) {
      try graph.rewrite { (rw) throws(Declined) in
        rw.insertionPoint = nil
        for (i, (value, axis)) in values.enumerated() {
          let axes = rw.graph.type(of: value).shape.extents.indices.filter { $0 != axis }
          let mean = Reduce(.mean, axes: axes, keepDimensions: false)
          let result = try rw.make(mean, [value], location: Location())
          rw.addOutput(name: "mean\(i)", value: result)
        }
      }
    } catch {
      throw Failure(error.description)
    }
    return graph
  }

  /// The means of the outputs behind the first ones over all samples.
  private static func run(
    _ graph: Graph, _ runner: any GraphRunner, _ samples: Samples, skipping count: Int
  ) throws(Failure) -> [[Double]] {
    var sums: [[Double]] = []
    try runner.run(graph, on: samples) { (sample, tensors) throws(Failure) in
      for (i, tensor) in tensors.dropFirst(count).enumerated() {
        let values = tensor.doubles()
        guard values.allSatisfy(\.isFinite) else {
          throw Failure(
            "sample \(sample) makes a number that is not finite",
            notes: ["nothing can be corrected by it: leave the sample out"])
        }
        if i == sums.count { sums.append(Array(repeating: 0, count: values.count)) }
        for (channel, value) in values.enumerated() { sums[i][channel] += value }
      }
    }
    return sums.map { $0.map { $0 / Double(samples.count) } }
  }
}

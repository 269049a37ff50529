// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Passes
import Rewriting
import Tensors
import Testing

/// `correct-bias` on a small network whose weights are rounded to four bits.
@Suite struct BiasCorrectionTests {
  private static let text = """
    graph @net(%x: f32[1,3,8,8]) -> (y: %y) {
      @w = f32[8,3,3,3] [0.5 ...]
      @b = f32[8] [0.25, 0.5, 0, 1, 0.125, 0.5, -1, 2]
      @v = f32[8,8,1,1] [0.25 ...]
      @u = f32[5,8] [0.25 ...]
      %a = conv %x, @w, @b {padding=[1,1,1,1]} : f32[1,8,8,8] loc("first")
      %r = unary %a : f32[1,8,8,8] loc("relu")
      %c = conv %r, @v : f32[1,8,8,8] loc("second")
      %s = binary %c, %r : f32[1,8,8,8] loc("sum")
      %m = reduce %s {kind=mean, axes=[2,3], keep_dims=false} : f32[1,8] loc("mean")
      %y = matmul %m, @u {transpose_rhs=true} : f32[1,5] loc("last")
    }
    """

  private func network() throws -> Graph {
    var random = Random(seed: 11)
    var graph = try Graph.parse(text: Self.text)
    graph.rewrite { rw in
      for op in rw.graph.opIDs {
        guard rw.graph.operands(of: op).count > 1, let value = rw.graph.operands(of: op)[1],
          let old = rw.graph.tensor(value)
        else { continue }
        let values = (0..<old.count).map { _ in random.unit() - 0.4 }
        rw.setOperand(
          of: op, slot: 1, to: rw.addConstant(Tensor(old.type, rounding: values), name: "weight"))
      }
    }
    return graph.compacted()
  }

  private struct Runner: GraphRunner {
    func run(
      _ graph: Graph, on samples: Samples, _ receive: (Int, [Tensor]) throws(Failure) -> Void
    ) throws(Failure) {
      for i in 0..<samples.count { try receive(i, Evaluator(graph).run(samples.load(i))) }
    }
  }

  private func samples(_ graph: Graph, count: Int = 6) -> [[Tensor]] {
    (0..<count).map { seed in
      var random = Random(seed: seed + 1)
      let type = graph.type(of: graph.inputs[0].value)
      return [
        Tensor(type, rounding: (0..<type.shape.elementCount).map { _ in random.unit() * 2 - 0.5 })
      ]
    }
  }

  private func run(
    _ graph: Graph, _ pipeline: String, _ samples: [[Tensor]]
  ) throws(Failure) -> Graph {
    var graph = graph
    var context = PassContext(runner: Runner(), samples: Samples(samples))
    try Pipeline(parsing: pipeline, known: standardPasses).run(on: &graph, &context)
    return graph
  }

  /// The means by channel of a named value of `axis`.
  private func means(
    _ graph: Graph, _ name: String, axis: Int, _ samples: [[Tensor]]
  ) throws -> [Double] {
    var probe = graph
    let value = try #require(
      graph.opIDs.flatMap { graph.results(of: $0) }.first { graph.name(of: $0) == name })
    probe.rewrite { rw in rw.addOutput(name: "probe", value: value) }
    let shape = graph.type(of: value).shape
    let inner = shape.extents[(axis + 1)...].reduce(1, *)
    var sums = Array(repeating: 0.0, count: shape[axis])
    for inputs in samples {
      let outputs = try Evaluator(probe).run(inputs)
      let tensor = try #require(outputs.last)
      for (i, x) in tensor.doubles().enumerated() { sums[i / inner % sums.count] += x }
    }
    return sums.map { $0 * Double(shape[axis]) / Double(samples.count * shape.elementCount) }
  }

  private func shift(_ a: Graph, _ b: Graph, _ name: String, axis: Int, _ samples: [[Tensor]])
    throws -> Double
  {
    let (x, y) = (
      try means(a, name, axis: axis, samples), try means(b, name, axis: axis, samples)
    )
    return zip(x, y).map { abs($0 - $1) }.max() ?? 0
  }

  private static let layers = [("a", 1), ("c", 1), ("y", 1)]

  @Test(arguments: [
    "per-channel=true", "per-channel=false", "per-channel=true keep=[second]", "activations=i16",
  ]) func meansAreThoseOfTheFloatGraph(_ options: String) throws {
    let graph = try network()
    let samples = samples(graph)
    let quantize = "quantize{weights=i4 \(options)}"
    let plain = try run(graph, quantize, samples)
    let corrected = try run(graph, "\(quantize), correct-bias", samples)
    #expect(corrected.verify().isEmpty)
    for (name, axis) in Self.layers {
      let before = try shift(graph, plain, name, axis: axis, samples)
      let after = try shift(graph, corrected, name, axis: axis, samples)
      // A bias is rounded to its own steps, which are some 1e-3 at four bits, and what is left of the
      // layers in front comes through the weights.
      #expect(before > 0.004 && after < 0.006 && after < before / 3, "\(name): \(before), \(after)")
    }
  }

  @Test func sweepsComeToTheSame() throws {
    let graph = try network()
    let samples = samples(graph)
    let inOrder = try run(graph, "quantize{weights=i4}, correct-bias", samples)
    let swept = try run(graph, "quantize{weights=i4}, correct-bias{sweeps=4}", samples)
    let once = try run(graph, "quantize{weights=i4}, correct-bias{sweeps=1}", samples)
    let last = try [inOrder, swept, once].map { try shift(graph, $0, "y", axis: 1, samples) }
    #expect(last[0] < 0.006 && last[1] < 0.006 && last[2] > last[1], "\(last)")
  }

  /// A bias appears in steps that `lower-quantized` takes.
  @Test func layersWithoutBiasGetOne() throws {
    let graph = try network()
    let samples = samples(graph)
    let after = try run(
      graph, "quantize{weights=i4}, correct-bias, lower-quantized, canonicalize", samples)
    let layers = after.opIDs.filter { after.op($0, as: Convolution.self) != nil }
    #expect(layers.count == 2)
    for op in layers {
      let operands = after.operands(of: op)
      let (input, bias) = (try #require(operands[0]), try #require(operands[2]))
      #expect(after.type(of: input).element == .i8 && after.type(of: bias).element == .i32)
    }
  }

  /// A normal distribution of mean 0.5 and deviation 2 has the mean 1.0727… behind a relu, one of mean
  /// −1 and deviation 1 has 0.0833…: what is rounded away from the weights is missing that often.
  @Test func analyticMeansAreThoseOfCutNormals() throws {
    var graph = try Graph.parse(
      text: """
        graph @g(%x: f32[1,2,4,4]) -> (y: %y) {
          @w = f32[2,2,1,1] [1, 0, 0, 1]
          @v = f32[3,2,1,1] [0.7, 0.66, 0.03, -0.7, 0.7, 0.7]
          %a = conv %x, @w : f32[1,2,4,4] stats(mean=[0.5, -1], deviation=[2, 1])
          %r = unary %a : f32[1,2,4,4]
          %y = conv %r, @v : f32[1,3,4,4] stats(mean=[0, 0, 0], deviation=[1, 1, 1])
        }
        """)
    let pipeline = try Pipeline(
      parsing: "quantize{ranges=batch-norm input-range=[-9,9] weights=i4 per-channel=false}, "
        + "correct-bias{from=batch-norm}", known: standardPasses)
    var context = PassContext()
    try pipeline.run(on: &graph, &context)
    let op = try #require(graph.opIDs.last { graph.op($0, as: Convolution.self) != nil })
    let bias = try #require(graph.operands(of: op)[2])
    let producer = try #require(graph.producer(of: bias))
    let operands = graph.operands(of: producer)
    let (input, step) = (try #require(operands[0]), try #require(operands[1]))
    let integers = try #require(graph.tensor(input)).doubles()
    let scale = try #require(graph.tensor(step)).doubles()[0]
    // Steps of 0.1: 0.66 loses −0.04 (it becomes 0.7), 0.03 loses 0.03.
    let wanted = [-0.04 * 0.083315470, 0.03 * 1.0726894, 0]
    for (integer, number) in zip(integers, wanted) {
      #expect(abs(integer * scale - number) <= scale * 0.51, "\(integer * scale) for \(number)")
    }
    #expect(scale < 0.006)
  }

  @Test func theFloatGraphCanBeAFile() throws {
    let graph = try network()
    let samples = samples(graph)
    let folder = try TemporaryFolder()
    let path = folder.file("float.fettle")
    try GraphFile.write(graph, to: path)
    let together = try run(graph, "quantize{weights=i4}, correct-bias", samples)
    let quantized = try run(graph, "quantize{weights=i4}", samples)
    let apart = try run(quantized, "correct-bias{original=\(path.quoted)}", samples)
    #expect(apart.text().text == together.text().text)
  }

  @Test(arguments: [
    ("correct-bias", "there is no float graph to compare with"),
    ("quantize, correct-bias{sweeps=-1}", "sweeps is -1"),
    ("quantize, correct-bias{from=batch-norm sweeps=2}", "sweeps goes with from=samples"),
    ("quantize, correct-bias{from=batch-norm}", "nothing is known of the input of any layer"),
    ("quantize, lower-quantized, correct-bias{original=\"nowhere.fettle\"}", "nowhere.fettle"),
  ]) func wrongUse(_ pipeline: String, _ words: String) throws {
    let graph = try network()
    do throws(Failure) {
      _ = try run(graph, pipeline, samples(graph))
      Issue.record("'\(pipeline)' is taken")
    } catch {
      #expect(error.description.contains(words), "\(error)")
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Passes
import Rewriting
import Tensors
import Testing

/// `quantize` on two layers with a residual sum.
@Suite struct QuantizationTests {
  private static let text = """
    graph @net(%x: f32[1,3,8,8]) -> (y: %y) {
      @w = f32[8,3,3,3] [0.5 ...]
      @b = f32[8] [0.25, -0.5, 0, 1, 0.125, 0.5, -1, 2]
      @v = f32[8,8,1,1] [0.25 ...]
      %a = conv %x, @w, @b {padding=[1,1,1,1]} : f32[1,8,8,8] loc("first")
      %r = unary %a : f32[1,8,8,8] loc("relu")
      %c = conv %r, @v : f32[1,8,8,8] loc("second")
      %s = binary %c, %r : f32[1,8,8,8] loc("sum")
      %y = reduce %s {kind=mean, axes=[2,3]} : f32[1,8,1,1] loc("mean")
    }
    """

  /// The graph with random weights.
  private func network() throws -> Graph {
    var random = Random(seed: 3)
    var graph = try Graph.parse(text: Self.text)
    graph.rewrite { rw in
      for op in rw.graph.opIDs {
        for (slot, value) in rw.graph.operands(of: op).enumerated() {
          guard let value, let old = rw.graph.tensor(value), old.shape.rank == 4 else { continue }
          let values = (0..<old.count).map { _ in random.unit() * 2 - 1 }
          rw.setOperand(
            of: op, slot: slot,
            to: rw.addConstant(Tensor(old.type, rounding: values), name: "weight"))
        }
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

  /// Samples of numbers from −1 to 1, through `change`, which is told sample, element and number.
  private func samples(
    _ graph: Graph, count: Int = 4, _ change: (Int, Int, Double) -> Double = { $2 }
  ) -> [[Tensor]] {
    (0..<count).map { seed in
      var random = Random(seed: seed)
      let type = graph.type(of: graph.inputs[0].value)
      return [
        Tensor(
          type, rounding: (0..<type.shape.elementCount).map { change(seed, $0, random.unit() * 2 - 1) })
      ]
    }
  }

  private func quantized(
    _ graph: Graph, _ options: String = "", _ samples: [[Tensor]]
  ) throws(Failure) -> Graph {
    var graph = graph
    var context = PassContext(runner: Runner(), samples: Samples(samples))
    try Pipeline(parsing: "quantize" + options, known: standardPasses).run(on: &graph, &context)
    return graph
  }

  /// The largest difference of the outputs over samples.
  private func error(_ a: Graph, _ b: Graph, _ samples: [[Tensor]]) throws -> Double {
    try samples.map { inputs in
      let (x, y) = (try Evaluator(a).run(inputs)[0], try Evaluator(b).run(inputs)[0])
      return zip(x.doubles(), y.doubles()).map { abs($0 - $1) }.max() ?? 0
    }.max() ?? 0
  }

  /// The step of the grid of the input.
  private func inputStep(_ graph: Graph) throws -> Double {
    let op = try #require(graph.opIDs.first { graph.op($0, as: Quantize.self) != nil })
    let scale = try #require(graph.operands(of: op)[1])
    return try #require(graph.tensor(scale)).doubles()[0]
  }

  @Test func widerTypesAreCloser() throws {
    let graph = try network()
    let samples = samples(graph)
    let errors = try [
      "{activations=i16 weights=i8}", "", "{activations=u8}", "{symmetric=true}",
      "{per-channel=false}", "{weights=i4}",
    ].map { try error(graph, try quantized(graph, $0, samples), samples) }
    #expect(errors.allSatisfy { $0 > 0 && $0 < 0.5 }, "\(errors)")
    #expect(errors[0] < errors[1] && errors[1] < errors[5], "\(errors)")
    // The same grid, moved.
    #expect(abs(errors[1] - errors[2]) < 1e-6, "\(errors)")
  }

  @Test func calibratorsLeaveOutliersOutside() throws {
    let graph = try network()
    let data = samples(graph, count: 20) { $1 == 7 ? 40 * $2 : $2 }
    let whole = try inputStep(try quantized(graph, "", data))
    #expect(whole > 0.2)
    for calibrator in ["percentile percentile=99", "entropy"] {
      let step = try inputStep(try quantized(graph, "{calibrator=\(calibrator)}", data))
      #expect(step < whole / 2, "\(calibrator): \(step) for \(whole)")
    }
  }

  /// Of numbers above zero a symmetric grid has half of its levels: fewer of them reach less far.
  @Test func entropyCountsTheLevelsThatAreThere() throws {
    let graph = try network()
    let data = samples(graph, count: 20) { _, _, x in x * x * x * x }
    func reach(_ options: String, _ levels: Double) throws -> Double {
      try inputStep(try quantized(graph, "{calibrator=entropy \(options)}", data)) * levels
    }
    let (half, all) = (try reach("symmetric=true", 127), try reach("symmetric=false", 255))
    #expect(half < all * 0.99, "\(half) and \(all)")
  }

  /// One element of 38,400 a little outside: less is lost by cutting it off than by wider steps. Many
  /// far outside are worth wide steps.
  @Test func squaredErrorIsWeighed() throws {
    let graph = try network()
    let rare = samples(graph, count: 200) { $0 == 0 && $1 == 7 ? 1.25 : $2 }
    let frequent = samples(graph, count: 20) { $1 == 7 ? 40 * $2 : $2 }
    func share(_ data: [[Tensor]]) throws -> Double {
      try inputStep(try quantized(graph, "{calibrator=mse}", data))
        / inputStep(try quantized(graph, "", data))
    }
    let (cut, kept) = (try share(rare), try share(frequent))
    #expect(cut < 0.98 && kept > 0.98 && kept <= 1, "\(cut) and \(kept)")
  }

  @Test func layersCanStayInFloat() throws {
    let graph = try network()
    let samples = samples(graph)
    let all = try quantized(graph, "", samples).opCount
    for options in ["{keep=[second]}", "{keep-ops=[reduce]}"] {
      #expect(try quantized(graph, options, samples).opCount < all, "\(options)")
    }
    #expect(throws: Failure.self) {
      try quantized(graph, "{keep-ops=[conv, binary, reduce, unary]}", samples)
    }
  }

  @Test(arguments: [
    ("{keep=[secnd]}", "there is no layer 'secnd'"), ("{percentile=20}", "percentile is 20.0"),
    ("{keep=[secnd]}", "did you mean 'second'?"), ("{keep=[nothing-like-it]}", "'fettle sensitivity'"),
    ("{keep-ops=[convo]}", "there is no op 'convo'"), ("{keep-ops=[convo]}", "'fettle describe ops'"),
    ("{keep-ops=[Relu]}", "'relu' is a 'unary', by its function"), ("{activations=i7}", "i8 | u8 | i16"),
    ("{percentile=90}", "percentile goes with calibrator=percentile, not min-max"),
    ("{calibrator=mse percentile=90}", "percentile goes with calibrator=percentile, not mse"),
    ("{deviations=3}", "deviations goes with ranges=batch-norm"),
    ("{keep=[second] wide=[second]}", "'second' stands in keep and in wide"),
    ("{weights=i4 keep=[second] wide-weights=[second]}", "'second' stands in keep and in wide-weights"),
    ("{per-channel=1}", "expected true or false, found '1'"), ("{keep=second}", "expected '[', found 'second'"),
    ("{keep=second}", "one as [a]"), ("{calibrator=8}", "entropy, found '8'"),
  ]) func wrongOptions(_ options: String, _ words: String) throws {
    let graph = try network()
    do throws(Failure) {
      _ = try quantized(graph, options, samples(graph))
      Issue.record("'\(options)' is taken")
    } catch {
      #expect(error.description.contains(words), "\(error)")
    }
  }

  @Test(arguments: [Double.nan, .infinity]) func samplesThatAreNoNumbers(_ bad: Double) throws {
    let graph = try network()
    do throws(Failure) {
      _ = try quantized(graph, "", samples(graph) { $1 == 5 ? bad : $2 })
      Issue.record("taken")
    } catch {
      #expect(error.description.contains("sample 0 makes a number that is not finite in 'x'"))
    }
  }

  /// One sample, equal elements, zeros, tiny numbers: a sound graph with finite outputs.
  @Test(arguments: [0, 1, -3, 1e-42, 3e38] as [Double], ["min-max", "percentile", "mse", "entropy"])
  func oddSamples(_ value: Double, _ calibrator: String) throws {
    var graph = try network()
    if value == 3e38 {
      // Sums of such numbers are not finite.
      graph = try Graph.parse(
        text: """
          graph @g(%x: f32[1,3,8,8]) -> (y: %y) {
            @w = f32[3,3,1,1] [0.1 ...]
            %y = conv %x, @w : f32[1,3,8,8]
          }
          """)
    }
    let data = samples(graph, count: 1) { _, _, _ in value }
    let after = try quantized(graph, "{calibrator=\(calibrator)}", data)
    #expect(after.verify().isEmpty)
    let outputs = try Evaluator(after).run(data[0])
    #expect(outputs[0].doubles().allSatisfy { $0.isFinite })
    let largest = try Evaluator(graph).run(data[0])[0].doubles().map { abs($0) }.max() ?? 0
    let moved = try error(graph, after, data)
    #expect(moved <= 0.02 * largest + 1e-30, "\(moved) of \(largest)")
  }

  @Test func whatRequiresFloatLayersComesFirst() throws {
    let graph = try network()
    for later in ["fold-batch-norm", "quantize"] {
      let pipeline = try Pipeline(parsing: "quantize, \(later)", known: standardPasses)
      let context = PassContext(runner: Runner(), samples: Samples(samples(graph)))
      do throws(Failure) {
        try pipeline.check(on: graph, context)
        Issue.record("'\(later)' is taken")
      } catch {
        #expect(
          error.description.contains(
            "requires unquantized-layers, which 'quantize' in front of it removes"),
          "\(error)")
      }
    }
    do throws(Failure) {
      try Pipeline([QuantizeModel()]).check(on: graph, PassContext())
      Issue.record("taken without samples")
    } catch {
      #expect(error.description.contains("requires calibration, but neither samples"))
    }
  }

  /// All layers compute with integers then, and the answers are at most a step of their grid away.
  @Test(arguments: [
    "", "{activations=u8}", "{symmetric=true}", "{per-channel=false}", "{weights=i4}",
    "{calibrator=entropy}",
  ]) func integersAnswerTheSame(_ options: String) throws {
    let graph = try network()
    let samples = samples(graph)
    let floats = try quantized(graph, options, samples)
    let integers = try Opt.optimized(floats, "lower-quantized")
    for op in integers.opIDs where integers.op(op, as: Convolution.self) != nil {
      let input = try #require(integers.operands(of: op)[0])
      #expect(integers.type(of: input).element.isInteger, "\(options)")
    }
    let output = integers.outputs[0].value
    let pair = try #require(integers.producer(of: output))
    let scale = try #require(integers.operands(of: pair)[1])
    let step = try #require(integers.tensor(scale)).doubles()[0]
    #expect(try error(floats, integers, samples) <= 1.001 * step, "\(options)")
  }

  @Test func quantizedModelsAreNotQuantizedAgain() throws {
    let graph = try network()
    let once = try quantized(graph, "", samples(graph))
    do throws(Failure) {
      _ = try quantized(once, "", samples(graph))
      Issue.record("taken")
    } catch {
      #expect(error.description.contains("the model is quantized already, in 5 places"), "\(error)")
    }
  }

  @Test func savedCalibrationsGiveTheSameGraph() throws {
    let graph = try network()
    for options in ["", "{calibrator=entropy}", "{calibrator=mse activations=u8}"] {
      let pipeline = try Pipeline(parsing: "quantize" + options, known: standardPasses)
      var (first, second) = (graph, graph)
      var context = PassContext(runner: Runner(), samples: Samples(samples(graph)))
      context.keepsCalibration = true
      try pipeline.run(on: &first, &context)
      let saved = try #require(context.measured)
      var replay = PassContext()
      let text = saved.json.pretty
      replay.calibration = try Calibration(try JSONValue.parse(text), file: "c.json")
      #expect(replay.calibration == saved)
      try pipeline.run(on: &second, &replay)
      #expect(try first.text().text == second.text().text)
    }
  }

  @Test(arguments: [
    (#"{"values": {}}"#, "is no calibration"),
    (#"{"calibration": 1, "samples": 1, "values": {"x": {"low": 1, "high": 0}}}"#, "'x' has no range"),
    (
      #"{"calibration": 1, "samples": 1, "values": {"x": {"low": 0, "high": 1, "bins": [1]}}}"#,
      "does not have 2048 counts"
    ),
    (#"{"calibration": 1, "samples": 1, "values": {"x": {"low": 0, "high": 1}}}"#, "does not know"),
  ]) func wrongCalibrations(_ text: String, _ words: String) throws {
    var graph = try network()
    do throws(Failure) {
      var context = PassContext()
      context.calibration = try Calibration(try JSONValue.parse(text), file: "c.json")
      try Pipeline([QuantizeModel()]).run(on: &graph, &context)
      Issue.record("taken")
    } catch {
      #expect(error.description.contains(words), "\(error)")
    }
  }

  @Test func repeatsItself() throws {
    let graph = try network()
    let samples = samples(graph)
    let texts = try (0..<3).map { _ in
      try quantized(graph, "{calibrator=entropy}", samples).text().text
    }
    #expect(texts[0] == texts[1] && texts[1] == texts[2])
  }
}

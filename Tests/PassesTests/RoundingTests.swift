// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Passes
import Rewriting
import Tensors
import Testing

/// The passes that round weights which `quantize{rounding=later}` leaves open.
@Suite struct RoundingTests {
  private struct Runner: GraphRunner {
    func run(
      _ graph: Graph, on samples: Samples, _ receive: (Int, [Tensor]) throws(Failure) -> Void
    ) throws(Failure) {
      for i in 0..<samples.count { try receive(i, Evaluator(graph).run(samples.load(i))) }
    }
  }

  private func passed(
    _ graph: Graph, _ pipeline: String, _ samples: [[Tensor]]
  ) throws(Failure) -> Graph {
    var graph = graph
    var context = PassContext(runner: Runner(), samples: Samples(samples))
    try Pipeline(parsing: pipeline, known: standardPasses).run(on: &graph, &context)
    return graph
  }

  /// A graph with one layer: `line` computes %y from %x and @w, perhaps @b.
  private func layer(
    _ line: String, x: String, w: String, b: Int? = nil, y: String, seed: Int = 5
  ) throws -> Graph {
    let bias = b.map { "@b = f32[\($0)] [0.25 ...]" } ?? ""
    var graph = try Graph.parse(
      text: """
        graph @net(%x: f32[\(x)]) -> (y: %y) {
          @w = f32[\(w)] [1 ...]
          \(bias)
          %y = \(line) : f32[\(y)]
        }
        """)
    var random = Random(seed: seed)
    graph.rewrite { rw in
      let op = rw.graph.opIDs[0]
      guard let old = rw.graph.operands(of: op)[1].flatMap({ rw.graph.tensor($0) }) else { return }
      let values = (0..<old.count).map { _ in random.unit() * 2 - 1 }
      rw.setOperand(
        of: op, slot: 1, to: rw.addConstant(Tensor(old.type, rounding: values), name: "v"))
    }
    return graph.compacted()
  }

  /// Samples whose neighbouring elements are alike, as in pictures.
  private func samples(_ graph: Graph, count: Int) -> [[Tensor]] {
    var random = Random(seed: 11)
    return (0..<count).map { _ in
      graph.inputs.map { port in
        let type = graph.type(of: port.value)
        var level = 0.0
        return Tensor(
          type,
          rounding: (0..<type.shape.elementCount).map { _ in
            level = 0.8 * level + random.unit() - 0.4
            return level
          })
      }
    }
  }

  /// The squared error of the outputs over samples.
  private func error(_ a: Graph, _ b: Graph, _ samples: [[Tensor]]) throws -> Double {
    try samples.reduce(0) { sum, inputs in
      let (x, y) = (try Evaluator(a).run(inputs)[0], try Evaluator(b).run(inputs)[0])
      return sum + zip(x.doubles(), y.doubles()).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
  }

  /// The integers of the weight, as they are stored.
  private func weight(_ graph: Graph) throws -> Tensor {
    let layer = try #require(
      graph.opIDs.first {
        let definition = graph.definition(of: $0)
        return definition is Convolution || definition is MatrixMultiply
          || definition is TransposedConvolution
      })
    let value = try #require(graph.operands(of: layer)[1])
    let dequantize = try #require(graph.producer(of: value))
    let integers = try #require(graph.operands(of: dequantize)[0])
    return try #require(graph.tensor(integers))
  }

  /// The weight of a graph of one layer in floats.
  private func floatWeight(_ graph: Graph) throws -> [Double] {
    let value = try #require(graph.operands(of: graph.opIDs[0])[1])
    return try #require(graph.tensor(value)).doubles()
  }

  private func scales(_ graph: Graph) -> [Double] {
    graph.opIDs.flatMap { op in
      guard graph.op(op, as: Dequantize.self) != nil, let scale = graph.operands(of: op)[1] else {
        return [Double]()
      }
      return graph.tensor(scale)?.doubles() ?? []
    }
  }

  // MARK: quantize

  /// What is left open and rounded to nearest behind is what is rounded at once, and a constant that
  /// is folded is no different.
  @Test(arguments: [
    "", "weights=i4", "weights=i4 per-channel=false", "weights=i16 activations=i16",
  ])
  func laterIsNearest(_ options: String) throws {
    let graph = try layer("conv %x, @w, @b", x: "1,3,5,5", w: "4,3,3,3", b: 4, y: "1,4,3,3")
    let data = samples(graph, count: 3)
    let once = try passed(graph, "quantize{\(options)}", data)
    let open = try passed(graph, "quantize{\(options) rounding=later}", data)
    #expect(open.opCount == once.opCount + 1)
    // An op that is folded divides in single precision, which 16 bits are not sure of.
    for pipeline in ["round-weights"] + (options.contains("i16") ? [] : ["canonicalize"]) {
      let later = try passed(open, pipeline, data)
      #expect(try weight(later) == weight(once), "\(pipeline)")
      #expect(try error(once, later, data) == 0)
    }
  }

  @Test func endsStayWider() throws {
    let graph = try Graph.parse(
      text: """
        graph @net(%x: f32[1,4]) -> (y: %d, z: %c) {
          @w = f32[4,4] [0.5 ...]
          %a = matmul %x, @w : f32[1,4]
          %b = matmul %a, @w : f32[1,4]
          %r = unary %b : f32[1,4]
          %c = matmul %r, @w : f32[1,4]
          %d = matmul %r, @w : f32[1,4]
        }
        """)
    for (options, expected) in [
      ("weights=i4", "i4 i4 i4 i4"), ("weights=i4 ends=i8", "i8 i4 i8 i8"),
    ] {
      let after = try passed(graph, "quantize{\(options)}", samples(graph, count: 2))
      let elements = after.opIDs.compactMap { op -> String? in
        guard after.definition(of: op) is MatrixMultiply,
          let weight = after.operands(of: op)[1], let producer = after.producer(of: weight),
          let integers = after.operands(of: producer)[0]
        else { return nil }
        return after.type(of: integers).element.rawValue
      }
      #expect(elements.joined(separator: " ") == expected)
    }
  }

  @Test func rangesOfLeastErrorCutOff() throws {
    let graph = try layer("conv %x, @w", x: "1,8,5,5", w: "4,8,3,3", y: "1,4,3,3")
    let data = samples(graph, count: 8)
    func loss(_ options: String) throws -> Double {
      let after = try passed(graph, "quantize{activations=i16 \(options)}", data)
      let floats = try floatWeight(graph)
      let integers = try weight(after).integers()
      let dequantize = try #require(
        after.opIDs.first { op in
          after.op(op, as: Dequantize.self) != nil
            && after.operands(of: op)[0].flatMap { after.tensor($0) } != nil
        })
      let steps = try #require(after.operands(of: dequantize)[1])
      let scales = try #require(after.tensor(steps)).doubles()
      return floats.indices.reduce(0) { sum, i in
        let difference = floats[i] - Double(integers[i]) * scales[i / 72]
        return sum + difference * difference
      }
    }
    let (whole, best) = (try loss("weights=i4"), try loss("weights=i4 weight-ranges=mse"))
    #expect(best < 0.95 * whole, "\(best) for \(whole)")
  }

  @Test(arguments: ["", "activations=i16 weights=i16", "activations=u8 weights=i4"])
  func fixedPoint(_ options: String) throws {
    let graph = try layer("conv %x, @w, @b", x: "1,3,5,5", w: "4,3,3,3", b: 4, y: "1,4,3,3")
    let data = samples(graph, count: 3)
    let any = try passed(graph, "quantize{\(options)}", data)
    let powers = try passed(graph, "quantize{\(options) scales=power-of-two}", data)
    for (scale, exact) in zip(scales(powers), scales(any)) {
      #expect(scale.significand == 1)
      #expect(scale >= exact * 0.999_999 && scale < 4.001 * exact)
    }
    // A step is at most twice as wide, a squared error four times as large on average.
    let (loss, wider) = (try error(graph, any, data), try error(graph, powers, data))
    #expect(wider < 6 * loss, "\(wider) for \(loss)")
  }

  // MARK: round-weights

  private static let thirds = """
    graph @net(%x: f32[1,3]) -> (y: %y) {
      @w = f32[3,4000] [0.3 ...]
      @s = f32[] [1]
      %q = quantize @w, @s {to=TYPE} : TYPE[3,4000]
      %d = dequantize %q, @s : f32[3,4000]
      %y = matmul %x, %d : f32[1,4000]
    }
    """

  @Test(arguments: ["i4", "i8", "i16"]) func chanceIsFairAndRepeats(_ element: String) throws {
    let text = Self.thirds.split(separator: "TYPE", omittingEmptySubsequences: false)
      .joined(separator: element)
    let graph = try Graph.parse(text: text)
    func rounded(_ seed: Int) throws -> [Int64] {
      try weight(passed(graph, "round-weights{mode=stochastic seed=\(seed)}", [])).integers()
    }
    let (first, second) = (try rounded(1), try rounded(2))
    #expect(first == (try rounded(1)))
    // Of 12,000 elements 3,600 are 1, give or take four times the deviation of 50.
    for values in [first, second] {
      #expect(values.allSatisfy { $0 == 0 || $0 == 1 })
      let ones = values.count { $0 == 1 }
      #expect(abs(ones - 3600) < 200, "\(ones)")
    }
    // Two seeds agree on 0.3² + 0.7² of the elements: 6,960, deviation 54.
    let same = zip(first, second).count { $0 == $1 }
    #expect(abs(same - 6960) < 216, "\(same)")
  }

  @Test func wholeNumbersAreLeftAlone() throws {
    let graph = try Graph.parse(
      text: """
        graph @net(%x: f32[1,3]) -> (y: %y) {
          @w = f32[3,2] [0, 1.5, -3.5, 100, -100, 0.25]
          @s = f32[2] [0.5, 0.25]
          %q = quantize @w, @s {to=i4} : i4[3,2]
          %d = dequantize %q, @s : f32[3,2]
          %y = matmul %x, %d : f32[1,2]
        }
        """)
    let data = samples(graph, count: 4)
    let passes = [
      "round-weights{mode=stochastic}", "round-weights", "round-squant", "learn-rounding",
    ]
    for pass in passes {
      let integers = try weight(passed(graph, pass, data)).integers()
      #expect(integers == [0, 6, -7, 7, -8, 1], "\(pass)")
    }
  }

  // MARK: round-squant

  /// A kernel of five, the first weight a whole number: errors of −0.4 each add up to −1.6, and two
  /// of the four are rounded up.
  @Test func errorsOfAKernelCancel() throws {
    let graph = try Graph.parse(
      text: """
        graph @net(%x: f32[1,1,5]) -> (y: %y) {
          @w = f32[1,1,5] [7, 0.4, 0.4, 0.4, 0.4]
          @s = f32[] [1]
          %q = quantize @w, @s {to=i4} : i4[1,1,5]
          %d = dequantize %q, @s : f32[1,1,5]
          %y = conv %x, %d : f32[1,1,1]
        }
        """)
    let integers = try weight(passed(graph, "round-squant", [])).integers()
    #expect(integers == [7, 1, 1, 0, 0])
  }

  /// Kernels of two that are within half a step each, but 1.6 steps off together: in two of the four
  /// one element is flipped, the one with the larger error.
  @Test func errorsOfAnOutputCancel() throws {
    let graph = try Graph.parse(
      text: """
        graph @net(%x: f32[1,4,2]) -> (y: %y) {
          @w = f32[1,4,2] [0.3, 0.1, 0.1, 0.3, 0.3, 0.1, 0.3, 0.1]
          @s = f32[] [1]
          %q = quantize @w, @s {to=i8} : i8[1,4,2]
          %d = dequantize %q, @s : f32[1,4,2]
          %y = conv %x, %d : f32[1,1,1]
        }
        """)
    let integers = try weight(passed(graph, "round-squant", [])).integers()
    #expect(integers.reduce(0, +) == 2)
    #expect(integers.indices.allSatisfy { integers[$0] == 0 || [0, 3, 4, 6].contains($0) })
  }

  @Test(arguments: [1, 2, 3]) func sumsOfErrorsAreSmall(_ seed: Int) throws {
    let graph = try layer(
      "conv %x, @w", x: "1,16,5,5", w: "8,16,3,3", y: "1,8,3,3", seed: seed)
    let floats = try floatWeight(graph)
    let after = try passed(
      graph, "quantize{weights=i4 per-channel=false rounding=later}, round-squant",
      samples(graph, count: 2))
    let scale = floats.reduce(0) { max($0, abs($1)) } / 7
    let errors = zip(try weight(after).integers(), floats).map { Double($0) - $1 / scale }
    #expect(errors.allSatisfy { abs($0) < 1.000_01 })
    for output in 0..<8 {
      let kernels = (0..<16).map { kernel in
        errors[(output * 16 + kernel) * 9..<(output * 16 + kernel + 1) * 9].reduce(0, +)
      }
      // A flip for the sum over the output takes a kernel at most a step away.
      #expect(kernels.allSatisfy { abs($0) < 1.000_01 }, "\(kernels)")
      #expect(abs(kernels.reduce(0, +)) < 0.500_1)
      #expect(kernels.count { abs($0) > 0.5001 } <= 8)
    }
  }

  // MARK: learn-rounding

  /// Each way in which a layer meets its input: nearer to the float answers than nearest rounding on
  /// the samples and on others.
  @Test(arguments: [
    ("conv %x, @w, @b", "1,4,6,6", "4,4,3,3", 4, "1,4,4,4"),
    ("conv %x, @w {padding=[1,2,0,1], strides=[2,1], dilations=[1,2]}", "1,3,7,8", "4,3,3,2", nil,
      "1,4,3,9"),
    ("conv %x, @w, @b {groups=2}", "2,6,5,5", "4,3,3,3", 4, "2,4,3,3"),
    ("conv %x, @w {padding=[1,1,1,1], groups=8}", "1,8,5,5", "8,1,3,3", nil, "1,8,5,5"),
    ("conv_transpose %x, @w, @b {strides=[2,2], padding=[1,0,0,1]}", "1,5,4,4", "5,3,3,3", 3,
      "1,3,8,8"),
    ("matmul %x, @w, @b", "1,3,24", "24,5", 5, "1,3,5"),
    ("matmul %x, @w {transpose_rhs=true}", "2,24", "5,24", nil, "2,5"),
    ("matmul %x, @w {transpose_lhs=true}", "2,24,3", "24,5", nil, "2,3,5"),
  ] as [(String, String, String, Int?, String)])
  func learnsEachLayer(_ line: String, _ x: String, _ w: String, _ b: Int?, _ y: String) throws {
    let graph = try layer(line, x: x, w: w, b: b, y: y)
    let data = samples(graph, count: 96)
    let open = try passed(graph, "quantize{activations=i16 weights=i4 rounding=later}", data)
    let (seen, others) = (Array(data.prefix(64)), Array(data.suffix(32)))
    let nearest = try passed(open, "round-weights", seen)
    let learned = try passed(open, "learn-rounding{damping=0.01}", seen)
    #expect(learned.verify().isEmpty)
    for data in [seen, others] {
      let (low, high) = (try error(graph, learned, data), try error(graph, nearest, data))
      #expect(low < 0.8 * high, "\(low) for \(high)")
    }
  }

  /// Of the 2⁸ ways to round eight weights the best one is found; with a bias that is free, the best
  /// for what differs from the means, and the mean is met.
  @Test(arguments: [1, 2, 3, 4], [false, true])
  func findsTheBest(_ seed: Int, _ biases: Bool) throws {
    let graph = try layer("matmul %x, @w", x: "1,8", w: "8,1", y: "1,1", seed: seed)
    // Behind a relu inputs have means.
    let data = samples(graph, count: 40).map { inputs in
      inputs.map { Tensor($0.type, rounding: $0.doubles().map { $0 + 1.5 }) }
    }
    let open = try passed(graph, "quantize{activations=i16 weights=i4 rounding=later}", data)
    let learned = try passed(open, "learn-rounding{damping=0 biases=\(biases)}", data)
    let floats = try floatWeight(graph)
    let scale = floats.reduce(0) { max($0, abs($1)) } / 7
    let inputs = data.map { $0[0].doubles() }
    func loss(_ integers: [Double]) -> Double {
      let differences = inputs.map { x in
        zip(x, zip(integers, floats)).reduce(0) { $0 + $1.0 * ($1.1.0 * scale - $1.1.1) }
      }
      let mean = biases ? differences.reduce(0, +) / Double(differences.count) : 0
      return differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }
    let best = (0..<256).map { bits in
      loss(floats.indices.map { i in
        let x = floats[i] / scale
        // The largest weight is a whole number.
        if abs(x - x.rounded()) < 1e-6 { return x.rounded() }
        return min(x.rounded(.down) + (bits >> i & 1 == 1 ? 1 : 0), 7)
      })
    }.min() ?? 0
    let found = loss(try weight(learned).integers().map { Double($0) })
    // The input is rounded to 16 bits.
    #expect(found < 1.02 * best + 1e-6, "\(found) for \(best)")
    guard biases else { return }
    // Of the numbers themselves, since the result is cut off at what the floats reach.
    let integers = try weight(learned).integers().map { Double($0) }
    let bias = try learnedBias(learned)
    let shift = inputs.reduce(0.0) { sum, x in
      zip(x, zip(integers, floats)).reduce(sum) { $0 + $1.0 * ($1.1.0 * scale - $1.1.1) }
    } / 40 + bias.value
    // The input is rounded to half a step, the bias to half of its own.
    let half = (inputs.joined().max() ?? 0) / 32767 / 2
    let most = half * integers.reduce(0) { $0 + abs($1) } * scale + bias.step / 2
    #expect(abs(shift) < 1.01 * most, "\(shift), of \(most)")
    #expect(abs(bias.value) > 10 * most)
  }

  /// The bias of a graph of one layer with one output.
  private func learnedBias(_ graph: Graph) throws -> (value: Double, step: Double) {
    let layer = try #require(graph.opIDs.first { graph.definition(of: $0) is MatrixMultiply })
    let value = try #require(graph.operands(of: layer)[2])
    let dequantize = try #require(graph.producer(of: value))
    let operands = graph.operands(of: dequantize).prefix(2).compactMap { $0.flatMap(graph.tensor) }
    let (integers, step) = (operands[0].doubles()[0], operands[1].doubles()[0])
    return (integers * step, step)
  }

  /// The second layer is rounded for what the first, as it is rounded, gives it.
  @Test func layersBehindMakeUpForThoseInFront() throws {
    var graph = try Graph.parse(
      text: """
        graph @net(%x: f32[1,12]) -> (y: %y) {
          @v = f32[12,12] [1 ...]
          @w = f32[12,6] [1 ...]
          %a = matmul %x, @v : f32[1,12] loc("first")
          %r = unary %a : f32[1,12]
          %y = matmul %r, @w : f32[1,6] loc("second")
        }
        """)
    var random = Random(seed: 9)
    graph.rewrite { rw in
      for op in rw.graph.opIDs where rw.graph.definition(of: op) is MatrixMultiply {
        guard let old = rw.graph.operands(of: op)[1].flatMap({ rw.graph.tensor($0) }) else {
          continue
        }
        let values = (0..<old.count).map { _ in random.unit() * 2 - 1 }
        rw.setOperand(
          of: op, slot: 1, to: rw.addConstant(Tensor(old.type, rounding: values), name: "v"))
      }
    }
    let data = samples(graph, count: 100)
    let open = try passed(graph, "quantize{weights=i4 rounding=later}", data)
    let losses = try ["round-weights", "round-squant", "learn-rounding"].map {
      try error(graph, try passed(open, $0, data), data)
    }
    #expect(losses[2] < 0.5 * losses[0] && losses[2] < losses[1], "\(losses)")
    let integers = try passed(open, "learn-rounding, lower-quantized", data)
    #expect(try error(graph, integers, data) < 0.6 * losses[0])
  }

  @Test func whatIsWrong() throws {
    let graph = try layer("matmul %x, @w", x: "1,8", w: "8,3", y: "1,3")
    let data = samples(graph, count: 3)
    let type = graph.type(of: graph.inputs[0].value)
    let bad = [[Tensor(type, rounding: [.infinity, 0, 0, 0, 0, 0, 0, 0])]]
    let open = try passed(graph, "quantize{rounding=later}", data)
    for (graph, pipeline, data, words) in [
      (graph, "round-weights", data, "there is no weight whose rounding is open"),
      (open, "round-weights{seed=5}", data, "seed goes with mode=stochastic"),
      (open, "round-weights{mode=nearest seed=5}", data, "seed goes with mode=stochastic"),
      (graph, "round-squant", data, "there is no weight whose rounding is open"),
      (graph, "quantize, learn-rounding", data, "there is no weight whose rounding is open"),
      (open, "learn-rounding{moves=-1}", data, "moves is -1.0"),
      (open, "learn-rounding{damping=-1}", data, "damping is -1.0"),
      (open, "learn-rounding", [], "no samples"),
      (graph, "quantize{weights=i5}", data, "i8 | i4 | i16"),
    ] {
      do throws(Failure) {
        _ = try passed(graph, pipeline, data)
        Issue.record("'\(pipeline)' is taken")
      } catch {
        #expect(error.description.contains(words), "\(error)")
      }
    }
    // A float operand that is not finite on the way in.
    do throws(Failure) {
      _ = try passed(open, "learn-rounding", bad)
      Issue.record("taken")
    } catch {
      #expect(error.description.contains("not finite"), "\(error)")
    }
  }

  @Test func optionalPassesTakeWhatIsOpen() throws {
    let graph = try layer("matmul %x, @w", x: "1,8", w: "8,3", y: "1,3")
    let data = samples(graph, count: 3)
    let open = try passed(graph, "quantize{weights=i4 rounding=later}", data)
    for (pipeline, samples, like) in [
      ("learn-rounding{optional=true}, round-squant{optional=true}", [], "round-squant"),
      ("learn-rounding{optional=true}, round-squant{optional=true}", data, "learn-rounding"),
    ] {
      let (after, expected) = (try passed(open, pipeline, samples), try passed(open, like, data))
      #expect(after.text().text == expected.text().text, "\(like)")
    }
    let floats = try passed(graph, "learn-rounding{optional=true}, round-squant{optional=true}", data)
    #expect(floats.text().text == graph.text().text)
  }

  /// One sample, samples of zeros, or of numbers so large that their moments overflow.
  @Test(arguments: [0, 1, 1e-30, 1e30] as [Double]) func oddSamples(_ value: Double) throws {
    let graph = try layer("matmul %x, @w", x: "1,8", w: "8,3", y: "1,3")
    let type = graph.type(of: graph.inputs[0].value)
    let data = [[Tensor(type, rounding: Array(repeating: value, count: 8))]]
    let after = try passed(graph, "quantize{weights=i4 rounding=later}, learn-rounding", data)
    #expect(after.verify().isEmpty)
    let floats = try floatWeight(graph)
    for (i, q) in try weight(after).integers().enumerated() {
      let scale = (0..<8).reduce(0) { max($0, abs(floats[$1 * 3 + i % 3])) } / 7
      #expect(abs(Double(q) - floats[i] / scale) < 1.000_1)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Passes
import Rewriting
import Tensors
import Testing

/// Layers of other types than the rest: by name, alone, and chosen by what they cost.
@Suite struct WidthTests {
  /// Five layers. The fourth has weights far larger than the others on a channel that is always
  /// zero: with a step that reaches so far the others are rounded to nothing like themselves.
  private static let text = """
    graph @net(%x: f32[1,2,4,4]) -> (y: %y) {
      @a = f32[2,2,1,1] [1, -0.5, 0.25, 0.75]
      @b = f32[2,2,1,1] [0.5, 0.25, -0.75, 1]
      @c = f32[2,2,1,1] [0.5, -0.25, 0, 0]
      @d = f32[2,2,1,1] [0.31, 60, 0.27, -60]
      @e = f32[2,2,1,1] [0.25, 0.5, 0.75, -1]
      %k = conv %x, @a : f32[1,2,4,4] loc("first")
      %l = conv %k, @b : f32[1,2,4,4] loc("second")
      %m = pool %l {window=[1,1]} : f32[1,2,4,4] loc("pool")
      %n = conv %m, @c : f32[1,2,4,4] loc("third")
      %o = conv %n, @d : f32[1,2,4,4] loc("fourth")
      %p = unary %o : f32[1,2,4,4] loc("relu")
      %y = conv %p, @e : f32[1,2,4,4] loc("fifth")
    }
    """

  private struct Runner: GraphRunner {
    func run(
      _ graph: Graph, on samples: Samples, _ receive: (Int, [Tensor]) throws(Failure) -> Void
    ) throws(Failure) {
      for i in 0..<samples.count { try receive(i, Evaluator(graph).run(samples.load(i))) }
    }
  }

  /// Takes a point away for each thousandth of noise.
  private struct Scorer: GraphScorer {
    let samples: Samples
    var count: Int { samples.count }

    func scores(of graphs: [Graph], against reference: Graph) throws(Failure) -> [GraphScore] {
      var scores: [GraphScore] = []
      for graph in graphs {
        var (noise, signal) = (0.0, 0.0)
        for i in 0..<samples.count {
          let inputs = try samples.load(i)
          let expected = try Evaluator(reference).run(inputs)[0].doubles()
          let found = try Evaluator(graph).run(inputs)[0].doubles()
          for (x, y) in zip(expected, found) {
            noise += (x - y) * (x - y)
            signal += x * x
          }
        }
        scores.append(GraphScore(points: 100 - 1000 * noise / signal, noise: noise / signal))
      }
      return scores
    }
  }

  private static func samples(_ seed: Int, count: Int = 3) -> Samples {
    Samples(
      (0..<count).map { i in
        var random = Random(seed: seed + i)
        let type = TensorType(.f32, Shape([1, 2, 4, 4]) ?? .scalar)
        return [Tensor(type, rounding: (0..<32).map { _ in random.unit() * 2 - 1 })]
      })
  }

  private static func context(isScored: Bool = true) -> PassContext {
    var context = PassContext(runner: Runner(), samples: samples(1))
    if isScored { context.scorer = Scorer(samples: samples(100)) }
    return context
  }

  private func quantized(
    _ options: String, _ context: inout PassContext
  ) throws(Failure) -> Graph {
    var graph = try Graph.parse(text: Self.text)
    try Pipeline(parsing: "quantize{\(options)}", known: standardPasses).run(on: &graph, &context)
    return graph
  }

  private func quantized(_ options: String) throws(Failure) -> Graph {
    var context = Self.context()
    return try quantized(options, &context)
  }

  /// The integer types that a layer reads: of its input, and of its weight.
  private func types(_ layer: String, _ graph: Graph) throws -> [ElementType] {
    let op = try #require(graph.opIDs.first {
      graph.location(of: $0).layers == [layer] && graph.op($0, as: Convolution.self) != nil
    })
    return graph.operands(of: op).prefix(2).compactMap { $0 }.map { value in
      guard let pair = graph.producer(of: value), graph.op(pair, as: Dequantize.self) != nil,
        let integers = graph.operands(of: pair)[0]
      else { return graph.type(of: value).element }
      return graph.type(of: integers).element
    }
  }

  @Test func namedLayersAreWider() throws {
    let graph = try quantized("weights=i4 wide=[third] wide-weights=[first, third]")
    #expect(graph.verify().isEmpty)
    // What the third layer reads comes through the pool from the second one.
    #expect(try types("first", graph) == [.i8, .i8])
    #expect(try types("second", graph) == [.i8, .i4])
    #expect(try types("third", graph) == [.i16, .i8])
    #expect(try types("fourth", graph) == [.i16, .i4])
    #expect(try types("fifth", graph) == [.i8, .i4])
  }

  /// What is left in float does not change the grids of what is not.
  @Test func gridsDoNotDependOnOtherLayers() throws {
    let all = try quantized("calibrator=mse")
    let some = try quantized("calibrator=mse keep=[second, fifth]")
    func scales(_ graph: Graph) -> [String: [Double]] {
      var scales: [String: [Double]] = [:]
      for op in graph.opIDs where graph.op(op, as: Quantize.self) != nil {
        let operands = graph.operands(of: op)
        guard let value = operands[0], let scale = operands[1].flatMap({ graph.tensor($0) })
        else { continue }
        scales[graph.name(of: value)] = scale.doubles()
      }
      return scales
    }
    let (before, after) = (scales(all), scales(some))
    #expect(after.count >= 4 && after.count < before.count)
    for (name, scale) in after { #expect(before[name] == scale, "\(name)") }
    #expect(try types("second", some) == [.i8, .f32])
  }

  @Test func eachLayerAlone() throws {
    let graph = try Graph.parse(text: Self.text)
    var context = Self.context(isScored: false)
    var pass = QuantizeModel()
    pass.perChannel = false
    let model = try QuantizationSensitivity(of: graph, pass, &context)
    #expect(model.layers.map(\.name) == ["first", "second", "third", "fourth", "fifth"])
    let scorer = Scorer(samples: Self.samples(100))
    var noises: [[Double]] = []
    for widths in [(ActivationElement.i8, WeightElement.i4), (.i8, .i8), (.i16, .i8)] {
      let graphs = model.layers.indices.map {
        model.graph(quantizing: $0, activations: widths.0, weights: widths.1)
      }
      for (position, alone) in graphs.enumerated() {
        #expect(alone.verify().isEmpty)
        for (other, layer) in model.layers.enumerated() {
          let isQuantized = try types(layer.name, alone)[1] != .f32
          #expect(isQuantized == (other == position), "\(layer.name) at \(position)")
        }
      }
      noises.append(try scorer.scores(of: graphs, against: graph).map(\.noise))
    }
    for layer in model.layers.indices {
      #expect(noises[0][layer] > noises[1][layer], "\(noises)")
      // What is wrong with the fourth layer are its weights.
      #expect(layer == 3 || noises[1][layer] > noises[2][layer], "\(noises)")
      #expect(layer == 3 || noises[1][layer] < noises[1][3] / 10, "\(noises)")
    }
  }

  /// Alone, too, a layer kept in float is no other layer's matter, and a result without a grid has none.
  @Test func aloneAsTheOptionsSay() throws {
    let graph = try Graph.parse(text: Self.text)
    var context = Self.context(isScored: false)
    var pass = QuantizeModel()
    (pass.keep, pass.outputs) = (["second"], .sums)
    let model = try QuantizationSensitivity(of: graph, pass, &context)
    #expect(model.layers.map(\.name) == ["first", "third", "fourth", "fifth"])
    for position in model.layers.indices {
      let alone = model.graph(quantizing: position, activations: .i8, weights: .i8)
      for (other, layer) in model.layers.enumerated() {
        #expect(try (types(layer.name, alone)[1] == .i8) == (other == position))
      }
      #expect(try types("second", alone) == [.f32, .f32])
      let rounded = alone.opIDs.filter { alone.op($0, as: Quantize.self) != nil }
        .compactMap { alone.operands(of: $0)[0] }.map { alone.name(of: $0) }
      let expected = [["x"], ["m", "n"], ["n", "p"], ["p"]][position]
      #expect(rounded == expected, "\(position): \(rounded)")
    }
  }

  /// A function that the options keep in float is no bound of the layer in front of it, whose own
  /// result has the grid then.
  @Test func aloneInFrontOfAKeptFunction() throws {
    let graph = try Graph.parse(text: Self.text)
    var context = Self.context(isScored: false)
    var pass = QuantizeModel()
    pass.keepOps = ["unary"]
    let model = try QuantizationSensitivity(of: graph, pass, &context)
    let position = try #require(model.layers.firstIndex { $0.name == "fourth" })
    let alone = model.graph(quantizing: position, activations: .i8, weights: .i8)
    let rounded = alone.opIDs.filter { alone.op($0, as: Quantize.self) != nil }
      .compactMap { alone.operands(of: $0)[0] }.map { alone.name(of: $0) }
    #expect(rounded == ["n", "o"])
  }

  /// The layers that are named again after a choice.
  private func named(_ note: String, _ option: String) -> [String] {
    guard let start = note.firstRange(of: " \(option)=[") ?? note.firstRange(of: "{\(option)=[") else {
      return []
    }
    return note[start.upperBound...].prefix { $0 != "]" }.split(separator: ",").map {
      String($0.filter { $0 != "\"" })
    }
  }

  /// For bounds between what the narrowest and the widest types lose: the bound holds, no layer of
  /// the choice is wider than need be, and the options that are told give the same graph.
  @Test(arguments: ["", "per-channel=false", "weights=i4", "activations=i16 weights=i4 per-channel=false"])
  func theFewestLayersAreWidened(_ options: String) throws {
    let graph = try Graph.parse(text: Self.text)
    let scorer = Scorer(samples: Self.samples(100))
    func points(_ options: String) throws -> Double {
      try scorer.scores(of: [try quantized(options)], against: graph)[0].points
    }
    let lost = 100 - (try points(options))
    #expect(lost > 0)
    for share in [0.9, 0.1, 0.001, 0.0001] {
      let bound = lost * share
      var context = Self.context()
      let chosen = try quantized("\(options) max-drop=\(bound)", &context)
      #expect(100 - (try scorer.scores(of: [chosen], against: graph)[0].points) <= bound)
      let note = try #require(context.notes.last)
      let again = String(note[try #require(note.firstRange(of: "quantize{")).upperBound...].dropLast())
      #expect(try quantized(again).text().text == chosen.text().text, "\(note)")
      let names = ["wide", "wide-weights", "keep"].map { named(note, $0) }
      #expect(names.contains { !$0.isEmpty }, "\(note)")
      // One layer fewer is too few.
      for layer in Set(names.flatMap { $0 }) {
        let fewer = zip(["wide", "wide-weights", "keep"], names).map { option, names in
          "\(option)=[\(names.filter { $0 != layer }.joined(separator: ", "))]"
        }
        #expect(
          100 - (try points("\(options) \(fewer.joined(separator: " "))")) > bound,
          "\(layer) of \(note)")
      }
    }
  }

  /// The weights of the fourth layer are what is lost: no other layer stays in float.
  @Test func theSensitiveLayerIsChosen() throws {
    var context = Self.context()
    let options = "activations=i16 per-channel=false"
    let graph = try Graph.parse(text: Self.text)
    let scorer = Scorer(samples: Self.samples(100))
    let lost = 100 - (try scorer.scores(of: [try quantized(options)], against: graph)[0].points)
    _ = try quantized("\(options) max-drop=\(lost / 2)", &context)
    #expect(named(context.notes.last ?? "", "keep") == ["fourth"], "\(context.notes)")
  }

  @Test func whatNeedsNoneIsLeftAlone() throws {
    var context = Self.context()
    let chosen = try quantized("max-drop=1000000", &context)
    #expect(try chosen.text().text == quantized("").text().text)
    #expect(context.notes.first?.contains("0 of 5 layers") == true, "\(context.notes)")
  }

  @Test func whatNoChoiceMeets() throws {
    do throws(Failure) {
      _ = try quantized("max-drop=0")
      Issue.record("met")
    } catch {
      #expect(error.kind == .budget)
      #expect(error.description.contains("max-drop=0.0 is met by no choice of layers"), "\(error)")
      #expect(error.description.contains("float: 100.00 points on 3 samples held back"), "\(error)")
      #expect(error.description.contains("all layers with activations of i16: "), "\(error)")
    }
  }

  @Test(arguments: [
    ("max-drop=-1", "max-drop is -1.0"), ("max-drop=nan", "max-drop is nan"),
    ("wide=[thrd]", "did you mean 'third'?"), ("activations=i16 wide=[third]", "activations=i16"),
    ("wide-weights=[third]", "weights=i8"), ("wide=[relu] keep=[relus]", "did you mean 'relu'?"),
  ]) func wrongOptions(_ options: String, _ words: String) throws {
    do throws(Failure) {
      _ = try quantized(options)
      Issue.record("'\(options)' is taken")
    } catch {
      #expect(error.description.contains(words), "\(error)")
    }
  }

  @Test func labelsAreAskedFor() throws {
    var context = Self.context(isScored: false)
    do throws(Failure) {
      _ = try quantized("max-drop=1", &context)
      Issue.record("taken without labels")
    } catch {
      #expect(
        error.description.contains("requires labelled-samples, but no samples with labels are given"),
        "\(error)")
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Passes
import Rewriting
import Tensors
import Testing

/// `lower-quantized` on ops between grids of all kinds: what it makes is sound, and at most a step from
/// the ops with floats.
@Suite struct IntegerLoweringTests {
  /// A graph of ops between dequantize and quantize on random grids.
  private struct Sandwich: ~Copyable {
    var random: Random
    var rw = Rewriter(Graph(name: "sandwich"))

    init(seed: Int) { random = Random(seed: seed) }

    consuming func finish() -> Graph { rw.finish() }

    /// A zero point: a limit of the type, or anything between.
    mutating func zero(_ element: ElementType) -> Double {
      guard let limits = element.integerRange, element != .i16 else { return 0 }
      let (low, high) = (Double(limits.lowerBound), Double(limits.upperBound))
      return [low, high, (low + random.unit() * (high - low)).rounded(), low < 0 ? 0 : 128][
        random.below(4)]
    }

    mutating func grid(_ element: ElementType, _ scale: Double) -> [ValueID] {
      let scale = rw.addConstant(Tensor(scalar: scale, .f32))
      return [scale, rw.addConstant(Tensor(scalar: zero(element), element))]
    }

    mutating func input(
      _ element: ElementType, _ extents: [Int], scale: Double
    ) throws -> ValueID {
      let type = TensorType(element, try #require(Shape(extents)))
      let port = rw.addInput(name: "x\(rw.graph.inputs.count)", type: type)
      let grid = grid(element, scale)
      return try op(Dequantize(), [port] + grid)
    }

    mutating func op(_ definition: any OpDefinition, _ operands: [ValueID?]) throws -> ValueID {
      try rw.insert(definition, operands, location: Location())[0]
    }

    mutating func output(_ value: ValueID, _ element: ElementType, scale: Double) throws {
      var quantize = Quantize()
      quantize.to = element
      let grid = grid(element, scale)
      let result = try op(quantize, [value] + grid)
      rw.addOutput(name: "y\(rw.graph.outputs.count)", value: result)
    }
  }

  /// How many of the outputs differ, and the largest difference in steps.
  private func compare(
    _ graph: Graph, _ lowered: Graph, seed: Int
  ) throws -> (differing: Double, steps: Double) {
    var (random, differing, all, steps) = (Random(seed: seed), 0, 0, 0.0)
    for _ in 0..<4 {
      let inputs = graph.inputs.map { port in
        let type = graph.type(of: port.value)
        return Tensor(
          type,
          wrapping: (0..<type.shape.elementCount).map { _ in
            Int64(truncatingIfNeeded: random.next())
          })
      }
      for (a, b) in zip(try Evaluator(graph).run(inputs), try Evaluator(lowered).run(inputs)) {
        #expect(a.type == b.type)
        for (x, y) in zip(a.doubles(), b.doubles()) {
          all += 1
          differing += x == y ? 0 : 1
          steps = max(steps, abs(x - y))
        }
      }
    }
    return (Double(differing) / Double(all), steps)
  }

  private func floatOps(_ graph: Graph) -> Int {
    graph.opIDs.count { op in
      let computed = graph.operands(of: op).compactMap { $0 }.filter { graph.tensor($0) == nil }
      return (graph.results(of: op) + computed).contains { graph.type(of: $0).element.isFloat }
    }
  }

  private static let types: [ElementType] = [.i8, .u8, .i16, .u16]

  /// Builds one op many times; no float op is left, and steps differ only where numbers lie close to
  /// the middle between two integers.
  private func check(
    _ name: String, seeds: Range<Int> = 0..<24, exact: Bool = false,
    _ build: (inout Sandwich, ElementType, ElementType) throws -> Void
  ) throws {
    for seed in seeds {
      var sandwich = Sandwich(seed: seed)
      let from = Self.types[sandwich.random.below(exact ? 2 : 4)]
      let to = Self.types[sandwich.random.below(4)]
      try build(&sandwich, from, to)
      let graph = sandwich.finish()
      for form in ["float", "fixed"] {
        let lowered = try Opt.optimized(graph, "lower-quantized{requantize=\(form)}")
        let label = "\(name) \(seed) \(from) to \(to), \(form)"
        #expect(lowered.verify().isEmpty)
        #expect(floatOps(lowered) == 0, "\(label)\n\(lowered.text().text)")
        let (differing, steps) = try compare(graph, lowered, seed: seed)
        #expect(exact ? steps == 0 : steps <= 1, "\(label): \(steps)")
        // Ties are frequent where scales are powers of two; floats have 24 bits for 16.
        #expect(differing <= (to.bitCount > 8 ? 0.25 : 0.1), "\(label): \(differing) differ")
      }
    }
  }

  @Test(arguments: [BinaryFunction.add, .sub]) func sums(_ function: BinaryFunction) throws {
    try check("\(function)") { s, from, to in
      let unit = 0.3 + s.random.unit()
      let ratio = [1.0, 0.01, 37, 0.99][s.random.below(4)]
      let range = Double(1 << from.bitCount) / Double(1 << to.bitCount)
      let a = try s.input(from, [2, 3, 5], scale: 0.01 * unit)
      let b = try s.input(from, s.random.below(2) == 0 ? [2, 3, 5] : [3, 1], scale: 0.01 * unit * ratio)
      let sum = try s.op(Binary(function), [a, b])
      try s.output(sum, to, scale: 0.017 * max(ratio, 1) * range)
      let constant = s.rw.addConstant(
        Tensor(
          TensorType(.f32, try #require(Shape([3, 1]))),
          rounding: (0..<3).map { _ in s.random.unit() - 0.5 }))
      try s.output(try s.op(Binary(function), [constant, a]), to, scale: 0.01 * range)
    }
  }

  @Test func products() throws {
    try check("mul") { s, from, to in
      let size = Double(1 << from.bitCount)
      let a = try s.input(from, [2, 3, 5], scale: 1 / size)
      let b = try s.input(from, [2, 3, 5], scale: 3.7 / size)
      let step = 4.1 / Double(1 << to.bitCount)
      try s.output(try s.op(Binary(.mul), [a, b]), to, scale: step)
      let constant = s.rw.addConstant(
        Tensor(
          TensorType(.f32, try #require(Shape([3, 1]))),
          rounding: (0..<3).map { _ in s.random.unit() + 0.5 }))
      try s.output(try s.op(Binary(.mul), [constant, a]), to, scale: step)
      try s.output(try s.op(Binary(.div), [b, constant]), to, scale: step * 2)
    }
  }

  /// Normalisations of images and rows, and sums of several terms, with constants of many shapes.
  @Test func normalisationsAndForms() throws {
    try check("batch_norm") { s, from, to in
      let (unit, step) = (1 / Double(1 << from.bitCount), 6 / Double(1 << to.bitCount))
      func numbers(_ extents: [Int], from low: Double, to high: Double) throws -> ValueID {
        let type = TensorType(.f32, try #require(Shape(extents)))
        let values = (0..<type.shape.elementCount).map { _ in
          low + s.random.unit() * (high - low)
        }
        return s.rw.addConstant(Tensor(type, rounding: values))
      }
      for extents in [[2, 3, 4, 2], [4, 3], [1, 3, 5]] {
        let x = try s.input(from, extents, scale: unit)
        let parameters = [
          try numbers([3], from: -1, to: 1), try numbers([3], from: -0.5, to: 0.5),
          try numbers([3], from: -0.5, to: 0.5), try numbers([3], from: 0.02, to: 2),
        ]
        let y = try s.op(BatchNorm(epsilon: 0.001), [x] + parameters)
        try s.output(y, to, scale: step)
      }
      let a = try s.input(from, [2, 3, 4], scale: unit)
      let b = try s.input(from, [3, 1], scale: 2.3 * unit)
      let shape = [[3, 1], [4], [2, 1, 4], [2, 3, 4], []][s.random.below(5)]
      let scaled = try s.op(Binary(.mul), [a, try numbers(shape, from: -1, to: 1)])
      let moved = try s.op(Binary(.sub), [try numbers([1, 4], from: -1, to: 1), b])
      let sum = try s.op(Binary(.add), [scaled, try s.op(Unary(.negate), [moved])])
      try s.output(try s.op(Unary(.relu), [sum]), to, scale: step)
    }
  }

  @Test func averages() throws {
    try check("mean") { s, from, to in
      let a = try s.input(from, [1, 3, 6, 7], scale: 1 / Double(1 << from.bitCount))
      let step = 0.8 / Double(1 << to.bitCount)
      for counts in [false, true] {
        var pool = Pool()
        pool.kind = .average
        pool.window = [3, 2]
        pool.strides = [2, 1]
        pool.padding = [1, 0, 1, 1]
        pool.countPadding = counts
        try s.output(try s.op(pool, [a]), to, scale: step)
      }
      let mean = Reduce(.mean, axes: [2, 3], keepDimensions: false)
      try s.output(try s.op(mean, [a]), to, scale: step)
      let sum = Reduce(.sum, axes: [1], keepDimensions: true)
      try s.output(try s.op(sum, [a]), to, scale: step * 3)
    }
  }

  /// Every function of 8 bits is exactly what the floats make of it.
  @Test func tables() throws {
    try check("table", exact: true) { s, from, to in
      let a = try s.input(from, [2, 40], scale: 0.04)
      let step = 2 / Double(1 << to.bitCount)
      let functions: [Unary] = [
        Unary(.sigmoid), Unary(.tanh), Unary(.exp), Unary(.sqrt), Unary(.log), Unary(.reciprocal),
        Unary(.hardSwish), Unary(.leakyRelu, alpha: 0.1), Unary(.erf), Unary(.elu, alpha: 1),
      ]
      for function in functions {
        try s.output(try s.op(function, [a]), to, scale: step)
      }
      let gate = try s.op(Unary(.sigmoid), [a])
      try s.output(try s.op(Binary(.mul), [a, gate]), to, scale: step)
      try s.output(a, to, scale: step)
    }
  }

  /// Functions of 16 bits are lines between their values: for every integer at most two steps from
  /// the floats, for narrow results one.
  @Test(arguments: [ElementType.i16, .u16], [ElementType.i16, .u16, .i8])
  func interpolations(_ from: ElementType, _ to: ElementType) throws {
    let functions: [(Unary, reach: Double)] = [
      (Unary(.sigmoid), 1), (Unary(.tanh), 1), (Unary(.exp), 30), (Unary(.softplus), 4),
      (Unary(.erf), 1), (Unary(.elu, alpha: 1), 4), (Unary(.swish), 4),
      (Unary(.leakyRelu, alpha: 0.1), 4), (Unary(.hardSwish), 4), (Unary(.sin), 1),
    ]
    let extents = try #require(Shape([65536]))
    for (function, reach) in functions {
      for form in ["float", "fixed"] {
        var rw = Rewriter(Graph(name: "function"))
        let scale = rw.addConstant(Tensor(scalar: 4.0 / 32768, .f32))
        let middle = rw.addConstant(Tensor(scalar: from == .u16 ? 32768 : 0, from))
        let x = rw.addInput(name: "x", type: TensorType(from, extents))
        let d = try rw.insert(Dequantize(), [x, scale, middle], location: Location())[0]
        let y = try rw.insert(function, [d], location: Location())[0]
        var quantize = Quantize()
        quantize.to = to
        let levels = Double(1 << (to.bitCount - 1))
        let step = rw.addConstant(Tensor(scalar: reach / levels, .f32))
        let zero = rw.addConstant(Tensor(scalar: to == .u16 ? 32768 : 0, to))
        let q = try rw.insert(quantize, [y, step, zero], location: Location())[0]
        rw.addOutput(name: "q", value: q)
        let graph = rw.finish()
        let lowered = try Opt.optimized(graph, "lower-quantized{requantize=\(form)}")
        let label = "\(function.function) of \(from) as \(to), \(form)"
        #expect(lowered.verify().isEmpty && floatOps(lowered) == 0, "\(label)")
        let all = Tensor(TensorType(from, extents), wrapping: (0..<65536).map { Int64($0) })
        let (a, b) = (try Evaluator(graph).run([all])[0], try Evaluator(lowered).run([all])[0])
        let error = zip(a.doubles(), b.doubles()).map { abs($0 - $1) }.max() ?? .nan
        #expect(error <= (to.bitCount == 8 ? 1 : 2), "\(label): \(error)")
        #expect(a.doubles().max() != a.doubles().min())
      }
    }
  }

  /// A jump is no line: it keeps its floats, with a reason.
  @Test func functionsThatJump() throws {
    let text = """
      graph @g(%x: i16[4]) -> (y: %q) {
        @s = f32[] [0.001]
        %d = dequantize %x, @s : f32[4]
        %f = unary %d {function=floor} : f32[4]
        %q = quantize %f, @s {to=i16} : i16[4]
      }
      """
    let graph = try Opt.optimized(try Graph.parse(text: text), "lower-quantized")
    let floats = IntegerReport(graph).floats
    #expect(floats.map(\.reason) == ["4097 values of the function are too few for lines between them"])
  }

  /// Interpolation along one axis and two, up and down, of all kinds of coordinates.
  @Test func resizes() throws {
    try check("resize") { s, from, to in
      let a = try s.input(from, [1, 2, 5, 4], scale: 1 / Double(1 << from.bitCount))
      for (sizes, mode) in [
        ([1, 2, 10, 8], ResizeMode.linear), ([1, 2, 7, 4], .linear), ([1, 2, 3, 9], .linear),
        ([1, 2, 10, 8], .cubic),
      ] {
        var resize = Resize()
        resize.sizes = sizes
        resize.scales = zip(sizes, [1, 2, 5, 4]).map { Double($0) / Double($1) }
        resize.mode = mode
        resize.coordinates = [
          .halfPixel, .alignCorners, .asymmetric, .pytorchHalfPixel, .halfPixelSymmetric,
        ][s.random.below(5)]
        try s.output(try s.op(resize, [a]), to, scale: 1.7 / Double(1 << to.bitCount))
      }
    }
  }

  @Test func rescaledMovements() throws {
    try check("concat") { s, from, to in
      let size = Double(1 << from.bitCount)
      let a = try s.input(from, [1, 2, 4, 4], scale: 1 / size)
      let b = try s.input(.i8, [1, 3, 4, 4], scale: 0.01)
      let step = 1.3 / Double(1 << to.bitCount)
      try s.output(try s.op(Concat(axis: 1), [a, b]), to, scale: step)
      var pool = Pool()
      pool.window = [2, 2]
      try s.output(try s.op(pool, [a]), to, scale: step)
      try s.output(try s.op(Unary(.relu), [try s.op(Reshape(to: [2, -1]), [a])]), to, scale: step)
    }
  }

  /// Shares of 1 of few and of many, on grids of a whole number of steps and of others.
  @Test func softmax() throws {
    try check("softmax", exact: false) { s, from, to in
      let extents = [[2, 10], [1, 300, 3], [4, 1]][s.random.below(3)]
      let unit = [0.01, 0.1, 1.7, 1e-9][s.random.below(4)]
      let a = try s.input(from, extents, scale: from.bitCount == 8 ? unit : unit / 256)
      let y = try s.op(Softmax(axis: 1), [a])
      if to.bitCount == 16, extents[1] < 100 {
        try s.output(y, to, scale: 1.0 / 65536)
      } else if s.random.below(2) == 0 {
        try s.output(y, .u8, scale: 1.0 / 256)
      } else {
        try s.output(y, .i8, scale: 0.0041)
      }
    }
  }

  @Test func computedProducts() throws {
    try check("matmul") { s, from, to in
      let a = try s.input(from, [2, 3, 9], scale: 1 / Double(1 << from.bitCount))
      let b = try s.input(.u8, [9, 4], scale: 0.01)
      try s.output(try s.op(MatrixMultiply(), [a, b]), to, scale: 5 / Double(1 << to.bitCount))
    }
  }

  /// Sums that may leave 32 bits have 64: large images of 16 bits.
  @Test func wideSums() throws {
    try check("wide", seeds: 0..<6) { s, _, to in
      let a = try s.input(.i16, [1, 40, 4, 4], scale: 1e-4)
      let type = TensorType(.i8, try #require(Shape([3, 40, 3, 3])))
      let weights = s.rw.addConstant(
        Tensor(type, rounding: (0..<1080).map { _ in s.random.unit() * 254 - 127 }))
      let w = try s.op(Dequantize(), [weights, s.rw.addConstant(Tensor(scalar: 0.01, .f32))])
      try s.output(
        try s.op(Convolution(), [a, w]), to, scale: 100 / Double(1 << to.bitCount))
    }
  }

  /// Grids so far apart that nothing is left, or everything saturates.
  @Test(arguments: [1e-38, 1e-20, 1e-6, 1, 1e6, 1e20, 1e38], [1e-38, 1e-20, 1, 1e20, 1e38])
  func extremeScales(_ from: Double, _ to: Double) throws {
    for form in ["float", "fixed"] {
      var s = Sandwich(seed: 1)
      let (a, b) = (try s.input(.i8, [40], scale: from), try s.input(.i8, [40], scale: from / 3))
      try s.output(try s.op(Binary(.add), [a, b]), .i8, scale: to)
      try s.output(try s.op(Binary(.mul), [a, b]), .i8, scale: to)
      try s.output(try s.op(Reduce(.mean, axes: [0], keepDimensions: true), [a]), .i8, scale: to)
      try s.output(a, .i8, scale: to)
      let graph = s.finish()
      let lowered = try Opt.optimized(graph, "lower-quantized{requantize=\(form)}")
      #expect(lowered.verify().isEmpty)
      // Products of 1e38 are infinite in floats: there integers are right, and floats are not.
      if from < 1e18, from > 1e-18 {
        #expect(try compare(graph, lowered, seed: 3).steps <= 1, "\(from) to \(to)")
      } else {
        _ = try compare(graph, lowered, seed: 3)
      }
    }
  }

  @Test func reportsTellBoundsAndReasons() throws {
    let text = """
      graph @g(%x: i8[1,2,3,3]) -> (y: %d, z: %e) {
        @w = i8[1,2,1,1] [3, -5]
        @b = i32[1] [-100]
        @s = f32[] [0.5]
        @z = i8[] [-28]
        %a = conv %x, @w, @b, @z : i32[1,1,3,3] loc("layer")
        %q = requantize %a, @s {to=i8} : i8[1,1,3,3]
        %f = dequantize %q, @s : f32[1,1,3,3]
        %d = softmax %f {axis=1} : f32[1,1,3,3] loc("soft")
        %e = unary %f {function=tanh} : f32[1,1,3,3] loc("tanh")
      }
      """
    let report = IntegerReport(try Graph.parse(text: text))
    #expect(report.sums.map(\.bound) == [8 * 155 + 100])
    #expect(report.sums.map(\.layers) == [["layer"]])
    #expect(
      report.floats.map(\.reason)
        == ["its result is not quantized", "its result is not quantized"])
    #expect(report.conversions == 1 && report.isQuantized)
    #expect(!IntegerReport(Graph(name: "none")).isQuantized)
  }
}

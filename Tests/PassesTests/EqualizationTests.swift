// SPDX-License-Identifier: Apache-2.0
import Checking
import CompilerSupport
import Evaluation
import GraphIR
import Passes
import Rewriting
import Tensors
import Testing

/// `equalize-layers` and `absorb-biases`.
@Suite struct EqualizationTests {
  /// A network with random weights whose channels differ a thousand times in size.
  private func network(_ text: String, seed: Int = 5) throws -> Graph {
    var random = Random(seed: seed)
    var graph = try Graph.parse(text: text)
    graph.rewrite { rw in
      for op in rw.graph.opIDs {
        guard let value = rw.graph.operands(of: op).dropFirst().first ?? nil,
          let old = rw.graph.tensor(value), old.shape.rank > 1
        else { continue }
        let inner = old.count / old.shape[0]
        let sizes = (0..<old.shape[0]).map { _ in random.unit() * random.unit() + 1e-3 }
        let values = (0..<old.count).map { sizes[$0 / inner] * (random.unit() * 2 - 1) }
        rw.setOperand(
          of: op, slot: 1, to: rw.addConstant(Tensor(old.type, rounding: values), name: "weight"))
      }
    }
    return graph.compacted()
  }

  private static let chain = """
    graph @net(%x: f32[1,3,8,8]) -> (y: %y) {
      @w = f32[6,3,3,3] [0 ...]
      @b = f32[6] [0.25, -0.5, 0, 1, 0.125, 0.5]
      @d = f32[6,1,3,3] [0 ...]
      @v = f32[4,6,1,1] [0 ...]
      @l = f32[5,64] [0 ...]
      %a = conv %x, @w, @b {padding=[1,1,1,1]} : f32[1,6,8,8]
      %r = unary %a : f32[1,6,8,8]
      %m = conv %r, @d, @b {padding=[1,1,1,1], groups=6} : f32[1,6,8,8]
      %s = unary %m {function=leaky_relu, alpha=0.1} : f32[1,6,8,8]
      %p = pool %s {window=[2,2], strides=[2,2]} : f32[1,6,4,4]
      %c = conv %p, @v : f32[1,4,4,4]
      %q = unary %c : f32[1,4,4,4]
      %f = reshape %q {shape=[-2,-1]} : f32[1,64]
      %y = matmul %f, @l {transpose_rhs=true} : f32[1,5]
    }
    """

  private func weight(_ graph: Graph, _ position: Int) throws -> [Double] {
    let op = graph.opIDs[position]
    let value = try #require(graph.operands(of: op)[1])
    let tensor = try #require(graph.tensor(value))
    return tensor.doubles()
  }

  /// The largest magnitude of each row of so many elements.
  private func rows(_ values: [Double], _ inner: Int) -> [Double] {
    stride(from: 0, to: values.count, by: inner).map { start in
      values[start..<start + inner].map { abs($0) }.max() ?? 0
    }
  }

  /// The largest magnitude of each column, each of so many elements.
  private func columns(_ values: [Double], _ count: Int, _ inner: Int) -> [Double] {
    (0..<count).map { column in
      values.indices.filter { $0 / inner % count == column }.map { abs(values[$0]) }.max() ?? 0
    }
  }

  @Test func bothSidesBecomeEqual() throws {
    let before = try network(Self.chain)
    let after = try Opt.optimized(before, "equalize-layers")
    let (first, middle, last) = (
      rows(try weight(after, 0), 27), rows(try weight(after, 2), 9),
      columns(try weight(after, 5), 6, 1)
    )
    for i in 0..<6 {
      #expect(abs(first[i] / middle[i] - 1) < 1e-3 && abs(middle[i] / last[i] - 1) < 1e-3)
    }
    let linear = columns(try weight(after, 8), 4, 16)
    for (made, read) in zip(rows(try weight(after, 5), 6), linear) {
      #expect(abs(made / read - 1) < 1e-3)
    }
    #expect(try Opt.difference(before, after, .relative(1e-5)) == nil)
    let again = try Opt.optimized(after, "equalize-layers")
    #expect(again.text().text == after.text().text)
  }

  private final class Reasons: PassObserver {
    var declined: [String] = []
    var applied = 0
    var watchesRewrites: Bool { true }
    func tried(_ event: RewriteEvent) {
      switch event.outcome {
      case .applied: applied += 1
      case .declined(let reason): declined.append(reason)
      }
    }
  }

  private func reasons(_ pass: any Pass, _ body: String) throws -> Reasons {
    let reasons = Reasons()
    var graph = try Graph.parse(
      text: """
        graph @g(%x: f32[1,2,4,4]) -> (y: %y) {
          @w = f32[2,2,1,1] [8, 1, 2, 1]
          @n = f32[2,2,1,1] [inf, 1, 2, 1]
          @b = f32[2] [8, 8]
          @v = f32[2,2,1,1] [1 ...]
          @p = f32[2,2,3,3] [1 ...]
        \(body)
        }
        """)
    var context = PassContext(observer: reasons)
    try Pipeline([pass]).run(on: &graph, &context)
    return reasons
  }

  @Test(arguments: [
    ("%a = conv %x, @w : f32[1,2,4,4]\n%y = binary %a, %x : f32[1,2,4,4]", "add joins it"),
    (
      "%a = conv %x, @w : f32[1,2,4,4]\n%s = unary %a {function=sigmoid} : f32[1,2,4,4]\n"
        + "%y = conv %s, @v : f32[1,2,4,4]", "sigmoid is another function at another scale"
    ),
    (
      "%a = conv %x, @w : f32[1,2,4,4]\n%s = unary %a {function=clip, beta=6} : f32[1,2,4,4]\n"
        + "%y = conv %s, @v : f32[1,2,4,4]", "clip to 0.0 … 6.0 is another function"
    ),
    ("%y = conv %x, @w : f32[1,2,4,4]", "an output of the model reads the result"),
    (
      "%a = conv %x, @n : f32[1,2,4,4]\n%y = conv %a, @v : f32[1,2,4,4]", "a weight is not finite"
    ),
    (
      "%a = conv %x, @w : f32[1,2,4,4]\n%s = softmax %a {axis=1} : f32[1,2,4,4]\n"
        + "%y = conv %s, @v : f32[1,2,4,4]", "softmax has no weights"
    ),
  ]) func whatCannotBeScaledIsLeftAlone(_ body: String, _ reason: String) throws {
    let found = try reasons(EqualizeLayers(), body)
    #expect(found.applied == 0)
    #expect(found.declined.contains { $0.contains(reason) }, "\(found.declined)")
  }

  @Test(arguments: [
    ("%a = conv %x, @w, @b : f32[1,2,4,4]\n%y = conv %a, @v : f32[1,2,4,4]", "nothing is known"),
    (
      "%a = conv %x, @w, @b : f32[1,2,4,4] stats(mean=[1, 1], deviation=[1, 2])\n"
        + "%y = conv %a, @v : f32[1,2,4,4]", "no channel is always above zero"
    ),
    (
      "%a = conv %x, @w, @b : f32[1,2,4,4] stats(mean=[9, 9], deviation=[1, 2])\n"
        + "%y = conv %a, @p {padding=[1,1,1,1]} : f32[1,2,4,4]", "a layer behind pads"
    ),
    (
      "%a = conv %x, @w, @b : f32[1,2,4,4] stats(mean=[9, 9], deviation=[1, 2])\n"
        + "%p = pad %a {before=[0,0,1,1], after=[0,0,1,1]} : f32[1,2,6,6]\n"
        + "%y = conv %p, @v : f32[1,2,6,6]", "an op behind changes"
    ),
  ]) func whatCannotBeAbsorbedStays(_ body: String, _ reason: String) throws {
    let found = try reasons(AbsorbBiases(), body)
    #expect(found.applied == 0)
    #expect(found.declined.contains { $0.contains(reason) }, "\(found.declined)")
  }

  /// Tiny and huge weights and biases: finite results that are still right.
  @Test(arguments: [1e-38, 1e-12, 1e12, 1e30])
  func extremeWeights(_ size: Double) throws {
    let before = try Graph.parse(
      text: """
        graph @g(%x: f32[1,2,4,4]) -> (y: %y) {
          @w = f32[2,2,1,1] [\(Float(size)), 0, 2, 1]
          @b = f32[2] [\(Float(min(size, 1))), 1]
          @v = f32[2,2,1,1] [1, 0.5, 0.25, 0.125]
          %a = conv %x, @w, @b : f32[1,2,4,4] stats(mean=[1, 1], deviation=[1, 1])
          %r = unary %a : f32[1,2,4,4]
          %y = conv %r, @v : f32[1,2,4,4]
        }
        """)
    let after = try Opt.optimized(before, "equalize-layers, absorb-biases{deviations=0.5}")
    #expect(after.verify().isEmpty)
    let equalized = try Opt.optimized(before, "equalize-layers")
    #expect(try Opt.difference(before, equalized, .relative(1e-5)) == nil)
  }

  /// A chain of many layers takes no stack.
  @Test func longChains() throws {
    var graph = Graph(name: "chain")
    try graph.rewrite { rw in
      let shape = try #require(Shape([1, 1, 2]))
      var value = rw.addInput(name: "x", type: TensorType(.f32, shape))
      let weights = [0.5, 2].map {
        rw.addConstant(Tensor(TensorType(.f32, shape.head), rounding: [$0]), name: "w")
      }
      for i in 0..<2000 {
        value = try rw.insert(Convolution(), [value, weights[i % 2]], location: Location())[0]
      }
      rw.addOutput(name: "y", value: value)
    }
    let after = try Opt.optimized(graph, "equalize-layers")
    #expect(after.verify().isEmpty)
    let sizes = try (0..<2000).map { abs(try weight(after, $0)[0]) }
    let (most, least) = (sizes.max() ?? .infinity, sizes.min() ?? 0)
    #expect(most < 1.5 * least)
  }
}

extension Shape {
  /// The shape with the last axis of extent 1.
  fileprivate var head: Shape { Shape(extents.dropLast() + [1]) ?? self }
}

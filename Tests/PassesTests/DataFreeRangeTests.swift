// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Passes
import Rewriting
import Tensors
import Testing

/// `quantize{ranges=batch-norm}`: ranges by hand.
@Suite struct DataFreeRangeTests {
  private func quantized(_ body: String, _ options: String) throws(Failure) -> Graph {
    var graph = try Graph.parse(
      text: """
        graph @g(%x: f32[1,2,4,4]) -> (y: %y) {
          @w = f32[2,2,1,1] [1, 0, 0, -2]
          @b = f32[2] [1, 2]
          @k = f32[1,2,1,1] [2, 3]
        \(body)
        }
        """)
    var context = PassContext()
    try Pipeline(parsing: "quantize{ranges=batch-norm \(options)}", known: standardPasses)
      .run(on: &graph, &context)
    return graph
  }

  /// The range of the grid of a named value.
  private func range(_ graph: Graph, _ name: String) throws -> (low: Double, high: Double) {
    let op = try #require(
      graph.opIDs.first { op in
        graph.op(op, as: Quantize.self) != nil
          && graph.operands(of: op)[0].map { graph.name(of: $0) } == name
      })
    let operands = graph.operands(of: op)
    let (step, offset) = (try #require(operands[1]), try #require(operands[2]))
    let scale = try #require(graph.tensor(step)).doubles()[0]
    let zero = try #require(graph.tensor(offset)).doubles()[0]
    return ((-128 - zero) * scale, (127 - zero) * scale)
  }

  private static let conv =
    "%a = conv %x, @w : f32[1,2,4,4] stats(mean=[1, -2], deviation=[0.5, 1])\n"

  /// What the ranges are when the inputs go from −1 to 3 (mean 1) and ranges reach 6 deviations.
  @Test(arguments: [
    // 1 − 3 … 1 + 3 and −2 − 6 … −2 + 6.
    (conv + "%y = conv %a, @w : f32[1,2,4,4]", "a", -8.0, 4.0),
    (conv + "%y = unary %a : f32[1,2,4,4]", "y", 0, 4),
    (conv + "%y = unary %a {function=clip, beta=2} : f32[1,2,4,4]", "y", 0, 2),
    (conv + "%r = unary %a : f32[1,2,4,4]\n%y = pool %r {window=[2,2]} : f32[1,2,3,3]", "r", 0, 4),
    (conv + "%y = unary %a {function=sigmoid} : f32[1,2,4,4]", "y", 0, 0.9820138),
    // Squares of the ways from the means add up: 1 + 1 ± √(3² + 2²), −2 + 1 ± √(6² + 2²).
    (
      conv + "%y = binary %a, %x : f32[1,2,4,4]", "y", -1 - 40.0.squareRoot(),
      2 + 13.0.squareRoot()
    ),
    (
      conv + "%y = binary %a, %x {function=sub} : f32[1,2,4,4]", "y", -3 - 40.0.squareRoot(),
      13.0.squareRoot()
    ),
    // −2 · 2 … 4 · 2 and −8 · 3 … 4 · 3.
    (conv + "%y = binary %a, @k {function=mul} : f32[1,2,4,4]", "y", -24, 12),
    (conv + "%y = concat %a, %x {axis=1} : f32[1,4,4,4]", "y", -8, 4),
    // 1 · x + 1 is 0 … 4, −2 · x + 2 is −4 … 4.
    ("%y = conv %x, @w, @b : f32[1,2,4,4]", "y", -4, 4),
    (conv + "%y = reduce %a {kind=mean, axes=[2,3]} : f32[1,2,1,1]", "y", -8, 4),
  ]) func rangesFollow(_ body: String, _ name: String, _ low: Double, _ high: Double) throws {
    let found = try range(try quantized(body, "input-range=[-1,3]"), name)
    let step = (high - low) / 255
    // Moving zero onto the grid costs half a step on each side.
    #expect(abs(found.low - low) < 0.6 * step && abs(found.high - high) < 0.6 * step, "\(found)")
  }

  @Test func reachIsAnOption() throws {
    let body = Self.conv + "%y = unary %a : f32[1,2,4,4]"
    let found = try range(try quantized(body, "input-range=[0,1] deviations=3"), "y")
    #expect(abs(found.high - 2.5) < 0.01)
  }

  @Test func channelsWithoutSpread() throws {
    let body =
      "%a = conv %x, @w : f32[1,2,4,4] stats(mean=[0, 0], deviation=[0, 0])\n"
      + "%y = unary %a : f32[1,2,4,4]"
    #expect(try quantized(body, "input-range=[0,1]").verify().isEmpty)
  }

  @Test(arguments: [
    ("", conv + "%y = unary %a : f32[1,2,4,4]", "the range of input 'x' is not known"),
    ("input-range=[1,0]", conv + "%y = unary %a : f32[1,2,4,4]", "expected [low,high]"),
    ("input-range=[0,0]", conv + "%y = unary %a : f32[1,2,4,4]", "with low < high"),
    ("input-range=[1]", conv + "%y = unary %a : f32[1,2,4,4]", "expected [low,high]"),
    ("input-range=[0,inf]", conv + "%y = unary %a : f32[1,2,4,4]", "expected [low,high]"),
    ("deviations=0", conv + "%y = unary %a : f32[1,2,4,4]", "deviations is 0.0"),
    ("calibrator=entropy", conv + "%y = unary %a : f32[1,2,4,4]", "needs samples"),
    (
      "input-range=[0,1]", conv + "%n = unary %a {function=log} : f32[1,2,4,4]\n"
        + "%y = conv %n, @w : f32[1,2,4,4]", "nothing tells the range of 'n'"
    ),
  ]) func whatIsNotKnown(_ options: String, _ body: String, _ words: String) throws {
    do throws(Failure) {
      _ = try quantized(body, options)
      Issue.record("taken")
    } catch {
      #expect(error.description.contains(words), "\(error)")
    }
  }
}

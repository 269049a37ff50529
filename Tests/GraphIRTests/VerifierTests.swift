// SPDX-License-Identifier: Apache-2.0

// Damaged graphs can only be made from inside of the room, which release builds do not open to tests.
#if DEBUG
import CompilerSupport
import Tensors
import Testing

@testable import GraphIR

@Suite struct GraphVerification {
  private static let text = """
    graph @g(%x: f32[1,2], state %h: f32[1,2] = [0, 0]) -> (y: %b, h: %a) {
      @k = f32[2] [1, 2]
      %a = binary %x, @k : f32[1,2] loc("first")
      %b = binary %a, %h : f32[1,2]
    }
    """

  private struct Case: Sendable, CustomTestStringConvertible {
    let expected: String
    let damage: @Sendable (inout Graph, _ a: OpID, _ b: OpID) -> Void
    var testDescription: String { expected }

    init(_ expected: String, _ damage: @escaping @Sendable (inout Graph, OpID, OpID) -> Void) {
      self.expected = expected
      self.damage = damage
    }
  }

  private static let cases: [Case] = [
    Case("op 'first' (binary): element types") { g, a, _ in g.values[g.inputs[0].value].type = TensorType(.i8, .scalar) },
    Case("op 'first' (binary): the results are noted as i8[]") { g, a, _ in
      g.values[g.results(of: a)[0]].type = TensorType(.i8, .scalar)
    },
    Case("op 'b' (binary): operand 0 is used before it is defined") { g, a, _ in g.move(a, before: nil) },
    Case("the links of the order") { g, _, b in g.ops[b].previous = nil },
    Case("the op stands twice") { g, a, b in g.ops[b].next = a },
    Case("op 'b' (binary): the op is not in the order") { g, a, _ in
      g.ops[a].next = nil
      g.body.last = a
    },
    Case("the last op of the order is not the one") { g, a, _ in g.body.last = a },
    Case("3 ops are noted, 2 are there") { g, _, _ in g.opCount = 3 },
    Case("names #0, which was erased") { g, a, _ in g.ops.erase(a) },
    Case("operand 1 is noted as another op's") { g, a, b in g.ops[b].operands[1] = g.ops[a].operands[0] },
    Case("result 0 is noted as another op's") { g, a, b in g.ops[b].results = g.ops[a].results },
    Case("the list of uses is broken") { g, a, _ in
      let use = g.ops[a].operands[0]
      g.uses[use].previous = use
    },
    Case("the list of uses is broken") { g, a, _ in
      let use = g.ops[a].operands[0]
      g.uses[use].next = use
    },
    Case("are in the lists of uses") { g, _, _ in g.values[g.inputs[0].value].firstUse = nil },
    Case("value 'a': 2 outputs are noted to read it, 1 do") { g, a, _ in
      g.values[g.results(of: a)[0]].outputCount = 2
    },
    Case("value 'a': the op that makes it") { g, a, b in g.values[g.results(of: a)[0]].source = .result(b, 7) },
    Case("value 'x': there is no input port") { g, _, _ in g.values[g.inputs[0].value].source = .input(9) },
    Case("constant 'k': the content is f32[2], the constant i8[]") { g, _, _ in
      g.values[g.constantIDs[0]].type = TensorType(.i8, .scalar)
    },
    Case("the constant has no content") { g, _, _ in g.values[g.constantIDs[0]].constant = nil },
    Case("it is no constant but has") { g, a, _ in
      g.values[g.results(of: a)[0]].constant = g.values[g.constantIDs[0]].constant
    },
    Case("value 'a': statistics are given for 1 means and 2 deviations of 2 channels") { g, a, _ in
      g.values[g.results(of: a)[0]].statistics = ChannelStatistics(mean: [1], deviation: [1, 2])
    },
    Case("a deviation is negative") { g, a, _ in
      g.values[g.results(of: a)[0]].statistics = ChannelStatistics(mean: [1, 1], deviation: [.nan, 2])
    },
    Case("constant 'k': statistics are given for f32[2], which has no channels") { g, _, _ in
      g.values[g.constantIDs[0]].statistics = ChannelStatistics(mean: [], deviation: [])
    },
    Case("there are two outputs 'y'") { g, a, _ in g.appendOutput(name: "y", value: g.results(of: a)[0]) },
    Case("there are two inputs 'x'") { g, _, _ in
      _ = g.appendInput(name: "x", type: TensorType(.f32, .scalar), role: .parameter)
    },
    Case("value 's': the state 's' has no output") { g, _, _ in
      let zero = Tensor(scalar: 0, .f32)
      _ = g.appendInput(name: "s", type: zero.type, role: .state(initial: zero))
    },
    Case("the state is i8[], its initial value f32[]") { g, _, _ in
      let zero = Tensor(scalar: 0, .f32)
      _ = g.appendInput(name: "s", type: TensorType(.i8, .scalar), role: .state(initial: zero))
    },
    Case("the state is f32[], its next value f32[1,2]") { g, a, _ in
      let zero = Tensor(scalar: 0, .f32)
      _ = g.appendInput(name: "s", type: zero.type, role: .state(initial: zero))
      g.appendOutput(name: "s", value: g.results(of: a)[0])
    },
    Case("the output 'y' is #") { g, _, b in g.values.erase(g.results(of: b)[0]) },
  ]

  @Test func aGoodGraphHasNoFindings() throws {
    #expect(try Graph.parse(text: Self.text).verify() == [])
  }

  @Test(arguments: cases.indices) func damageIsFound(_ index: Int) throws {
    let one = Self.cases[index]
    var graph = try Graph.parse(text: Self.text)
    one.damage(&graph, graph.opIDs[0], graph.opIDs[1])
    let said = graph.verify().map(\.description)
    #expect(said.contains { $0.contains(one.expected) }, "expected \(one.expected) in \(said)")
  }

  @Test(arguments: [
    ("graph @g(state %s: f32[] = [0]) -> (y: %s) {}", "f:1:16: error: value 's': the state 's' has no output"),
    (
      "graph @g(%x: f32[1,1]) -> () {\n  %y = unary %x : f32[1,1] stats(mean=[0], deviation=[-1])\n}",
      "f:2:3: error: value 'y': a deviation is negative"
    ),
    ("graph @g(%x: f32[]) -> (y: %x, y: %x) {}", "f:1:35: error: there are two outputs 'y'"),
    ("graph @g(%x: f32[], x: %z: f32[]) -> () {}", "f:1:21: error: there are two inputs 'x'"),
  ]) func findingsInTextHaveTheirPlace(_ text: String, _ expected: String) {
    let failure = #expect(throws: Failure.self) { try Graph.parse(text: text, file: "f") }
    #expect(failure?.description.contains(expected) == true, "\(String(describing: failure))")
  }
}
#endif

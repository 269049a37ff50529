// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors
import Testing

@Suite struct Rewriting {
  private static let type = TensorType(.f32, .scalar)

  /// The same graph as plain lists, changed the slow way.
  private struct Model {
    var order: [OpID] = []
    var operands: [OpID: [ValueID?]] = [:]
    var outputs: [ValueID] = []

    struct Slot: Hashable {
      var user: OpID
      var slot: Int
    }

    func uses(of value: ValueID) -> Set<Slot> {
      var found: Set<Slot> = []
      for (op, slots) in operands {
        for (slot, operand) in slots.enumerated() where operand == value {
          found.insert(Slot(user: op, slot: slot))
        }
      }
      return found
    }

    func expectSame(_ graph: Graph) {
      #expect(graph.opIDs == order)
      #expect(graph.opCount == order.count)
      #expect(graph.outputs.map(\.value) == outputs)
      for op in order {
        #expect(graph.operands(of: op) == operands[op])
        let result = graph.results(of: op)[0]
        let uses = uses(of: result)
        let readers = outputs.count { $0 == result }
        let listed = graph.uses(of: result).map { Slot(user: $0.user, slot: $0.slot) }
        #expect(Set(listed) == uses && listed.count == uses.count)
        #expect(graph.isUsed(result) == (!uses.isEmpty || readers > 0))
        #expect(graph.hasSingleUse(result) == (uses.count == 1 && readers == 0))
      }
      #expect(graph.verify() == [])
    }
  }

  @Test(arguments: 0..<12) func randomChangesAgreeWithAModel(_ seed: Int) throws {
    var random = TestRandom(seed)
    var graph = Graph(name: "g")
    var model = Model()
    let input = graph.rewrite { rewriter in
      let value = rewriter.addInput(name: "x", type: Self.type)
      rewriter.addOutput(name: "y", value: value)
      rewriter.addOutput(name: "z", value: value)
      return value
    }
    model.outputs = [input, input]
    for step in 0..<160 {
      try graph.rewrite { rewriter in
        try change(&rewriter, &model, input, &random)
      }
      if step % 4 == 3 { model.expectSame(graph) }
    }
    let text = graph.text().text
    #expect(try Graph.parse(text: text).text().text == text)
    #expect(graph.compacted().text().text == text)
    #expect(graph.compacted().verify() == [])
  }

  private func change(
    _ rewriter: inout Rewriter, _ model: inout Model, _ input: ValueID, _ random: inout TestRandom
  ) throws {
    let count = model.order.count
    let place = Int.random(in: 0...count, using: &random)
    /// A value that is defined in front of a position.
    func value(before position: Int) -> ValueID {
      let choice = Int.random(in: 0...position, using: &random)
      return choice == 0 ? input : rewriter.graph.results(of: model.order[choice - 1])[0]
    }
    switch Int.random(in: 0..<8, using: &random) {
    case 0, 1, 2:
      rewriter.insertionPoint = place < count ? model.order[place] : nil
      let operands = [value(before: place), value(before: place)]
      let made = try rewriter.insert(Binary(.add), operands, location: Location(["l\(count)"]))
      let op = try #require(rewriter.graph.producer(of: made[0]))
      model.order.insert(op, at: place)
      model.operands[op] = operands
    case 3 where place < count:
      let op = model.order[place]
      let result = rewriter.graph.results(of: op)[0]
      guard model.uses(of: result).isEmpty, !model.outputs.contains(result) else { return }
      rewriter.erase(op)
      #expect(!rewriter.graph.contains(op) && !rewriter.graph.contains(result))
      model.order.remove(at: place)
      model.operands[op] = nil
    case 4 where place < count:
      let old = rewriter.graph.results(of: model.order[place])[0]
      let new = value(before: place)
      rewriter.replaceAllUses(of: old, with: new)
      for (op, slots) in model.operands { model.operands[op] = slots.map { $0 == old ? new : $0 } }
      model.outputs = model.outputs.map { $0 == old ? new : $0 }
    case 5 where place < count:
      let op = model.order[place]
      let new = value(before: place)
      let slot = rewriter.graph.operands(of: op).count - 1
      rewriter.setOperand(of: op, slot: slot, to: new)
      model.operands[op]?[slot] = new
    case 6 where place < count:
      let op = model.order[place]
      let uses = model.uses(of: rewriter.graph.results(of: op)[0])
      // Down to the first user.
      let limit = model.order.firstIndex { next in uses.contains { $0.user == next } } ?? count
      let target = Int.random(in: place + 1...max(place + 1, limit), using: &random)
      rewriter.move(op, before: target < count ? model.order[target] : nil)
      model.order.insert(op, at: target)
      model.order.remove(at: place)
    case 7 where place < count:
      let op = model.order[place]
      let old = rewriter.graph.results(of: op)[0]
      let operand = value(before: place)
      let new = try rewriter.replace(op, with: Unary(.tanh), [operand])[0]
      model.order[place] = try #require(rewriter.graph.producer(of: new))
      model.operands[op] = nil
      model.operands[model.order[place]] = [operand]
      for (op, slots) in model.operands { model.operands[op] = slots.map { $0 == old ? new : $0 } }
      model.outputs = model.outputs.map { $0 == old ? new : $0 }
    default:
      let new = value(before: count)
      rewriter.setOutput(1, to: new)
      model.outputs[1] = new
    }
  }

  @Test func equalConstantsAreOne() throws {
    var graph = Graph(name: "g")
    let (a, b, c, d) = graph.rewrite { rewriter in
      let one = Tensor(TensorType(.f32, .scalar), rounding: [1])
      return (
        rewriter.addConstant(one, name: "a"), rewriter.addConstant(Tensor(scalar: 1, .f32), name: "b"),
        rewriter.addConstant(Tensor(scalar: 1, .f16), name: "a"), rewriter.addConstant(Tensor(scalar: -0.0, .f32))
      )
    }
    #expect(a == b && a != c && a != d)
    #expect([a, c, d].map { graph.constant($0)?.name } == ["a", "a_1", "c"])
    let text = "graph @g() -> (y: @p, z: @q) {\n  @p = f32[] [2]\n  @q = f32[] [2.0]\n}"
    let parsed = try Graph.parse(text: text)
    #expect(parsed.outputs[0].value == parsed.outputs[1].value)
  }

  @Test func theInsertionPointOutlivesItsOp() throws {
    var graph = try Graph.parse(
      text: "graph @g(%x: f32[]) -> () {\n  %a = unary %x : f32[]\n  %b = unary %x : f32[]\n}")
    let ops = graph.opIDs
    let x = graph.inputs[0].value
    try graph.rewrite { rewriter in
      rewriter.insertionPoint = ops[0]
      try rewriter.replace(ops[0], with: Unary(.tanh), [x])
      #expect(rewriter.insertionPoint == ops[1])
      rewriter.erase(ops[1])
      #expect(rewriter.insertionPoint == nil)
      _ = try rewriter.insert(Unary(.exp), [x], location: Location())
    }
    #expect(graph.summary.hasPrefix("g: 2 ops"))
    #expect(graph.verify() == [])
  }

  @Test func failedChangesLeaveTheGraph() throws {
    var graph = try Graph.parse(
      text: "graph @g(%x: f32[2], %i: i8[2]) -> (y: %y) {\n  %y = unary %x : f32[2]\n}")
    let before = graph.text().text
    let op = graph.opIDs[0]
    let (x, i) = (graph.inputs[0].value, graph.inputs[1].value)
    graph.rewrite { rewriter in
      #expect(throws: TypeMismatch.self) { try rewriter.insert(Binary(.add), [x, i], location: Location()) }
      #expect(throws: TypeMismatch.self) { try rewriter.insert(Binary(.add), [x, nil], location: Location()) }
      #expect(throws: TypeMismatch.self) { try rewriter.replace(op, with: Unary(.tanh), [i]) }
      #expect(throws: TypeMismatch.self) { try rewriter.replace(op, with: Unary(.isNaN), [x]) }
    }
    #expect(graph.text().text == before)
    #expect(graph.verify() == [])
  }
}

@Suite(.serialized) struct LargeGraphs {
  static let count = 100_000
  static let chain = makeChain(count)

  /// Ops in a chain, each reading the one before, half of them with a name, half with a constant.
  static func makeChain(_ count: Int) -> Graph {
    var graph = Graph(name: "chain")
    graph.rewrite { rewriter in
      var value = rewriter.addInput(name: "x", type: TensorType(.f32, .scalar))
      for i in 0..<count {
        let isUnary = i % 2 == 0
        let constant = isUnary ? nil : rewriter.addConstant(Tensor(scalar: Double(i % 5000), .f32))
        let made = try? isUnary
          ? rewriter.insert(Unary(.tanh), [value], location: Location(["layer"]))
          : rewriter.insert(Binary(.add), [value, constant], location: Location())
        value = made?[0] ?? value
        if isUnary { rewriter.setName(of: value, to: "same") }
      }
      rewriter.addOutput(name: "y", value: value)
    }
    return graph
  }

  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = Platform.monotonicSeconds
    try body()
    return Platform.monotonicSeconds - start
  }

  @Test func timeGrowsWithTheChain() throws {
    let short = try times(Self.makeChain(Self.count / 10))
    let long = try times(Self.chain)
    // Ten times the ops: what were quadratic would take a hundred times as long.
    for (name, small) in short {
      let large = try #require(long[name])
      #expect(large < 40 * small + 0.5, "\(name): \(small) s, then \(large) s")
    }
  }

  /// Seconds that each utility takes, which must not overflow the stack.
  private func times(_ graph: Graph) throws -> [String: Double] {
    var times: [String: Double] = [:]
    var text = ""
    var again = Graph(name: "")
    var findings: [Diagnostic]?
    var summary = ""
    times["print"] = seconds { text = graph.text().text }
    times["parse"] = try seconds { again = try Graph.parse(text: text) }
    times["verify"] = seconds { findings = graph.verify() }
    #expect(again.opCount == graph.opCount)
    #expect(findings == [])
    times["compact"] = seconds { again = graph.compacted() }
    #expect(again.text().text == text)
    times["summarize"] = seconds { summary = graph.summary }
    let half = graph.opCount / 2
    #expect(summary.hasPrefix("chain: \(graph.opCount) ops (\(half) binary, \(half) unary), 2500 constants"))
    return times
  }

  @Test func aSnapshotCostsOneCopyOfTheArenas() {
    var graph = Self.chain
    let last = graph.opIDs[Self.count - 1]
    let input = graph.inputs[0].value
    /// Rewrites of one operand each.
    func change(_ times: Int) -> Double {
      seconds {
        for _ in 0..<times {
          graph.rewrite { $0.setOperand(of: last, slot: 0, to: input) }
        }
      }
    }
    _ = change(1)
    var snapshots: [Graph] = []
    let copying = seconds { for _ in 0..<1000 { snapshots.append(graph) } }
    let first = change(1)
    let further = change(200)
    // The first change copies, the 200 after it don't; copying the graph itself is no more than counting.
    #expect(further < first * 20, "first \(first), further \(further)")
    #expect(copying < first * 20, "first \(first), copying \(copying)")
    #expect(snapshots[0].operands(of: last)[0] == input)
  }
}

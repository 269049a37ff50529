// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Tensors
import Testing

/// An op of a user without an evaluator.
private struct Unknown: OpDefinition {
  enum Operand: Int, OperandName { case input }
  static let name = "unknown"
  static let summary = ""
  static let fields: [Field<Self>] = []
  func resultTypes(of operands: OperandTypes<Self>) throws(TypeMismatch) -> [TensorType] {
    [try operands.require(.input)]
  }
}

@Suite struct EvaluatorTests {
  @Test func everyStandardOpHasAMeaning() {
    for kind in OpSet.standard.kinds {
      #expect(kind.init() is any Evaluable, "\(kind.name)")
    }
  }

  @Test func wrongInputsAreNamed() throws {
    let graph = try graph(of: Unary(.relu), [TensorType(.f32, Shape([2])!)])
    let evaluator = Evaluator(graph)
    let count = #expect(throws: Failure.self) { try evaluator.run([]) }
    #expect("\(count!)".contains("1 inputs, 0 were given"))
    let type = #expect(throws: Failure.self) { try evaluator.run([tensor(.f32, [3], [1, 2, 3])]) }
    #expect("\(type!)".contains("input 'x0' is f32[2], not f32[3]"))
  }

  @Test func anOpWithoutEvaluatorIsNamed() throws {
    let failure = #expect(throws: Failure.self) { try evaluate(Unknown(), [tensor(.f32, [1], [1])]) }
    #expect(failure?.kind == .unsupported)
    #expect("\(failure!)".contains("'layer' (unknown)"))
  }

  @Test func resultsBeyondTheLimitAreRefused() throws {
    let graph = try graph(of: Broadcast(to: [1 << 20, 1 << 20]), [TensorType(.f32, .scalar)])
    #expect(throws: Failure.self) { try Evaluator(graph).run([Tensor(scalar: 1, .f32)]) }
  }

  @Test func valuesAreObservedInOrder() throws {
    var graph = Graph(name: "test")
    let type = TensorType(.f32, Shape([2])!)
    try graph.rewrite { rw in
      let x = rw.addInput(name: "x", type: type)
      let a = try rw.insert(Unary(.negate), [x], location: Location())[0]
      rw.addOutput(name: "a", value: a)
      rw.addOutput(name: "sum", value: try rw.insert(Binary(.add), [a, a], location: Location())[0])
      rw.addOutput(name: "x", value: x)
    }
    var seen: [[Double]] = []
    let outputs = try Evaluator(graph).run([tensor(.f32, [2], [1, -2])]) { seen.append($1.doubles()) }
    #expect(seen == [[1, -2], [-1, 2], [-2, 4]])
    #expect(outputs.map { $0.doubles() } == [[-1, 2], [-2, 4], [1, -2]])
  }

  @Test func conesOfConstantsAreEvaluated() throws {
    var graph = Graph(name: "test")
    let type = TensorType(.i64, Shape([2])!)
    // b depends on a directly and through c, so that the order of the walk matters.
    let (b, open) = try graph.rewrite { rw in
      let x = rw.addInput(name: "x", type: type)
      let one = rw.addConstant(tensor(.i64, [2], [3, 4]))
      let a = try rw.insert(Binary(.mul), [one, one], location: Location())[0]
      let c = try rw.insert(Unary(.negate), [a], location: Location())[0]
      let b = try rw.insert(Binary(.sub), [a, c], location: Location())[0]
      return (b, try rw.insert(Binary(.add), [b, x], location: Location())[0])
    }
    #expect(try ConstantFolding.evaluateCone(of: b, in: graph)?.doubles() == [18, 32])
    #expect(try ConstantFolding.evaluateCone(of: open, in: graph) == nil)
    #expect(try ConstantFolding.evaluateCone(of: b, in: graph, byteLimit: 8) == nil)
    let folded = try ConstantFolding.foldConstant(graph.opIDs[0], in: graph)
    #expect(folded?.map { $0.doubles() } == [[9, 16]])
    #expect(try ConstantFolding.foldConstant(graph.opIDs[1], in: graph) == nil)
  }

  @Test func longChainsDoNotOverflowTheStack() throws {
    var graph = Graph(name: "test")
    let end = try graph.rewrite { rw in
      var value = rw.addConstant(Tensor(scalar: 1, .i32))
      for _ in 0..<100_000 {
        value = try rw.insert(Unary(.negate), [value], location: Location())[0]
      }
      return value
    }
    #expect(try ConstantFolding.evaluateCone(of: end, in: graph)?.doubles() == [1])
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Passes
import Rewriting
import Tensors
import Testing

@Suite struct LargeGraphs {
  /// A chain of transposes, activations and idle ops: deep, and all inner transposes go.
  @Test func deepChainsComeToAnEnd() throws {
    var graph = Graph(name: "deep")
    let shape = try #require(Shape([1, 2, 3, 4]))
    let length = 2_000
    try graph.rewrite { rw in
      var value = rw.addInput(name: "x", type: TensorType(.f32, shape))
      let one = rw.addConstant(Tensor(scalar: 1, .f32))
      for i in 0..<length {
        let permutation = i % 2 == 0 ? [0, 2, 3, 1] : [0, 3, 1, 2]
        value = try rw.insert(Transpose(permutation), [value], location: Location())[0]
        value = try rw.insert(Unary(.tanh), [value], location: Location())[0]
        value = try rw.insert(Binary(.mul), [value, one], location: Location())[0]
      }
      rw.addOutput(name: "y", value: value)
    }
    let after = try Opt.optimized(graph, "canonicalize")
    #expect(after.opCount == length)
    #expect(after.opIDs.allSatisfy { after.op($0, as: Unary.self) != nil })
  }

  /// A value with many readers that all change.
  @Test func manyReaders() throws {
    var graph = Graph(name: "wide")
    let shape = try #require(Shape([4]))
    try graph.rewrite { rw in
      let x = rw.addInput(name: "x", type: TensorType(.f32, shape))
      let zero = rw.addConstant(Tensor(scalar: 0, .f32))
      var all: [ValueID] = []
      for i in 0..<2_000 {
        let y = try rw.insert(Binary(.add), [x, zero], location: Location())[0]
        let z = try rw.insert(
          Unary(.leakyRelu, alpha: Float(i)), [y], location: Location())[0]
        all.append(z)
      }
      let joined = try rw.insert(Concat(axis: 0), all, location: Location())[0]
      rw.addOutput(name: "y", value: joined)
    }
    let after = try Opt.optimized(graph, "canonicalize")
    #expect(after.opCount == 2_001)
  }
}

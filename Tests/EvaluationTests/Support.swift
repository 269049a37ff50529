// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Tensors

/// The graph of one op whose operands are inputs.
func graph(of op: any OpDefinition, _ types: [TensorType?]) throws -> Graph {
  var graph = Graph(name: "test")
  try graph.rewrite { rw in
    let operands = types.enumerated().map { slot, type in
      type.map { rw.addInput(name: "x\(slot)", type: $0) }
    }
    let results = try rw.insert(op, operands, location: Location(["layer"]))
    for (i, result) in results.enumerated() { rw.addOutput(name: "y\(i)", value: result) }
  }
  return graph
}

/// The first result of an op.
func evaluate(_ op: any OpDefinition, _ operands: [Tensor?]) throws -> Tensor {
  let graph = try graph(of: op, operands.map { $0?.type })
  return try Evaluator(graph).run(operands.compactMap { $0 })[0]
}

/// A tensor of numbers that the element type holds.
func tensor(_ element: ElementType, _ extents: [Int], _ values: [Double]) -> Tensor {
  Tensor(TensorType(element, Shape(extents)!), rounding: values)
}

/// Numbers that look random and are the same in every run (SplitMix64).
struct Numbers {
  private var state: UInt64
  init(seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number of a range.
  mutating func next(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  /// A tensor of whole numbers of a range, some eighths for floats.
  mutating func tensor(_ element: ElementType, _ extents: [Int], _ range: ClosedRange<Int>) -> Tensor {
    let shape = Shape(extents)!
    let unit = element.isFloat ? 0.125 : 1
    return Tensor(
      TensorType(element, shape),
      rounding: (0..<shape.elementCount).map { _ in Double(next(range)) * unit })
  }
}

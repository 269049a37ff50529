// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// An operand of arithmetic between `dequantize` and `quantize`.
enum IntegerOperand {
  /// Integers that are computed, with one scale, of at most 16 bits.
  case integers(ScaledIntegers)
  /// Numbers that are known.
  case numbers(KnownNumbers)

  /// What an operand is, if it is one of them.
  init(_ value: ValueID, _ rw: borrowing Rewriter) throws(Declined) {
    if let tensor = rw.graph.tensor(value) {
      self = .numbers(try KnownNumbers(tensor.shape, tensor.doubles(), rw))
      return
    }
    let scaled = try ScaledIntegers(behind: value, rw)
    if let tensor = rw.graph.tensor(scaled.value) {
      self = .numbers(try KnownNumbers(tensor.shape, scaled.numbers(of: tensor), rw))
      return
    }
    try scaled.requireOneScale("an operand", rw)
    try rw.require(scaled.element.bitCount <= 16, "the integers are too wide")
    self = .integers(scaled)
  }
}

/// Numbers known when the program is made.
struct KnownNumbers {
  let shape: Shape
  let values: [Double]

  /// Numbers, one of them alone if all are the same.
  init(_ shape: Shape, _ values: [Double], _ rw: borrowing Rewriter) throws(Declined) {
    try rw.require(!values.isEmpty, "a constant is empty")
    try rw.require(values.allSatisfy { $0.isFinite }, "a constant is not finite")
    let isUniform = values.allSatisfy { $0 == values[0] }
    self.shape = isUniform ? .scalar : shape
    self.values = isUniform ? [values[0]] : values
  }
}

extension ScaledIntegers {
  /// The numbers that a tensor of these integers stands for.
  func numbers(of tensor: Tensor) -> [Double] {
    let inner = axis.map { tensor.shape.extents[($0 + 1)...].reduce(1, *) } ?? 1
    return tensor.integers().enumerated().map { position, q in
      let place = scales.count == 1 ? 0 : position / inner % scales.count
      return Double(Int(q) - zeroPoints[place]) * scales[place]
    }
  }

  /// The integers that can occur.
  func range(_ rw: borrowing Rewriter) -> ClosedRange<Int> { IntegerRange.of(value, in: rw.graph) }

  /// The largest difference to the zero point, there being one.
  func reach(_ rw: borrowing Rewriter) -> Int {
    IntegerRange.reach(of: value, zero: zeroPoints[0], in: rw.graph)
  }
}

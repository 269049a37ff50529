// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Numbers known when the program is made, in double.
struct KnownNumbers {
  let shape: Shape
  let values: [Double]

  /// One number.
  init(_ value: Double) { (shape, values) = (.scalar, [value]) }

  /// Numbers, one of them alone if all are the same.
  ///
  /// - Throws: `Declined` if there are none, or one is not finite.
  init(_ shape: Shape, _ values: [Double]) throws(Declined) {
    guard let first = values.first else { throw Declined("a constant is empty") }
    guard values.allSatisfy(\.isFinite) else { throw Declined("a constant is not finite") }
    let isUniform = values.allSatisfy { $0 == first }
    self.shape = isUniform ? .scalar : shape
    self.values = isUniform ? [first] : values
  }

  /// Numbers that a value is, a constant or the dequantized integers of one; nil if it is computed.
  init?(of value: ValueID, _ rw: borrowing Rewriter) throws(Declined) {
    if let tensor = rw.graph.tensor(value) {
      try self.init(tensor.shape, tensor.doubles())
      return
    }
    guard let scaled = try? ScaledIntegers(behind: value, rw),
      let tensor = rw.graph.tensor(scaled.value)
    else { return nil }
    try self.init(tensor.shape, scaled.numbers(of: tensor))
  }

  /// A function of each.
  func map(_ body: (Double) -> Double) throws(Declined) -> KnownNumbers {
    try KnownNumbers(shape, values.map(body))
  }

  /// A function of these and others, broadcast against each other.
  func combined(
    _ other: KnownNumbers, _ body: (Double, Double) -> Double
  ) throws(Declined) -> KnownNumbers {
    guard let all = Shape.broadcast(shape, other.shape) else {
      throw Declined("constants have shapes that do not go together")
    }
    let (a, b) = (spread(over: all), other.spread(over: all))
    return try KnownNumbers(all, zip(a, b).map { body($0, $1) })
  }

  /// The number at each position of a shape that these are broadcast to.
  private func spread(over all: Shape) -> [Double] {
    if shape == all { return values }
    if values.count == 1 { return Array(repeating: values[0], count: all.elementCount) }
    let own = [Int](repeating: 1, count: all.rank - shape.rank) + shape.extents
    var found = [0]
    // From the last axis on, so that what lies behind an axis is repeated as a whole.
    var stride = 1
    for axis in all.extents.indices.reversed() {
      let step = own[axis] == 1 ? 0 : stride
      found = (0..<all[axis]).flatMap { position in found.map { $0 + position * step } }
      stride *= own[axis]
    }
    return found.map { values[$0] }
  }
}

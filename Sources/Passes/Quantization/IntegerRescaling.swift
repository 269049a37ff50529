// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Integers of one grid brought to another: by a table where they have 8 bits, by a factor else.
enum IntegerRescaling {
  static func rescaled(
    _ integers: ScaledIntegers, to grid: ScaledIntegers, _ form: RequantizeForm,
    _ location: Location, _ rw: inout Rewriter
  ) throws(Declined) -> ValueID {
    if integers.isSameGrid(as: grid) { return integers.value }
    try integers.requireOneScale("an operand", rw)
    guard integers.element.bitCount > 8 else {
      let all = LookupTable.positions(integers.element)
      let numbers = all.integers().map { q -> Double in
        let x = Float(Int(q) - integers.zeroPoints[0]) * Float(integers.scales[0])
        return Double((x / Float(grid.scales[0])).rounded(.toNearestOrEven))
          + Double(grid.zeroPoints[0])
      }
      let table = Tensor(TensorType(grid.element, all.shape), rounding: numbers)
      return try rw.make(
        Gather(axis: 0), [rw.addConstant(table, name: "table"), integers.value],
        location: location)
    }
    try rw.require(integers.element.bitCount <= 16, "the integers are too wide")
    let sum = try FixedPointSum([
      FixedPointSum.Term(
        integers, factors: KnownNumbers(integers.scales[0] / grid.scales[0]), rw)
    ])
    let sums = try sum.make(location, &rw)
    return try rw.requantize(sums, scales: [sum.scale], to: grid, form, location: location)
  }
}

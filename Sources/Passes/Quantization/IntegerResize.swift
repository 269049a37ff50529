// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// A resize of dequantized integers that interpolates, whose result is quantized: along one axis after
/// the other, the integers at each tap times its weight in fixed point, added; rounded once at the end.
///
///     %d = dequantize %x, @s, @z               %a = cast (gather %x, @left {axis=2}) {to=i32}
///     %r = resize %d {mode=linear}      →      %b = cast (gather %x, @right {axis=2}) {to=i32}
///     %q = quantize %r, @t, @y                 %c = binary add (%a · @v), (%b · @w)
///                                              …the same along axis 3
///                                              %q = requantize (%c − zero), @scale, @y
///
/// The weights of an output position are whole parts of 1024 that add up to 1 exactly, in sums of 32
/// bits; for 16 bits, or where that could move the result by a quarter of a step, parts of 2²⁰ in sums
/// of 64.
enum IntegerResize {
  /// The most integers that an output position reads along an axis.
  private static let most = 4
  /// The error that rounded weights may make, in steps of the result.
  private static let tolerance = 0.25

  static func rewrite(
    _ op: OpRef<Quantize>, _ form: RequantizeForm, _ rw: inout Rewriter
  ) throws(Declined) {
    let target = try IntegerTarget(op, form, rw)
    let producer = try target.producer(rw)
    guard let resize = rw.graph.op(producer, as: Resize.self), resize.mode != .nearest else {
      throw Declined("the operand is no interpolating resize")
    }
    let integers = try ScaledIntegers(behind: try rw.operand(resize, .input), rw)
    try integers.requireOneScale("the operand", rw)
    try rw.require(integers.element.bitCount <= 16, "the integers are too wide")
    let shape = rw.graph.type(of: integers.value).shape
    let definition = resize.attributes
    let axes = (0..<shape.rank).filter {
      !definition.isIdentity(axis: $0, inputExtent: shape[$0])
    }
    try rw.require(axes.count <= 2, "more than two axes are resampled")
    let isNarrow = integers.element.bitCount <= 8
    let step = integers.scales[0] / target.grid.scales[0]
    // How far apart two integers can be, in steps of the result.
    let width = Double(1 << integers.element.bitCount) * step
    func planned(_ places: Int) throws(Declined) -> [Plan]? {
      var plans: [Plan] = []
      for axis in axes {
        let taps = definition.taps(axis: axis, inputExtent: shape[axis])
        plans.append(Plan(axis: axis, columns: try Taps.columns(of: taps, places: places, rw)))
      }
      let error = plans.reduce(0) { $0 + $1.columns.error } * width
      return error <= tolerance ? plans : nil
    }
    var (element, places) = (ElementType.i32, 10)
    var found = isNarrow ? try planned(places) : nil
    if found == nil {
      (element, places) = (.i64, 20)
      found = try planned(places)
    }
    guard let plans = found else {
      throw Declined("the steps of the operand and the result are too far apart")
    }
    let location = target.location(producer, rw)
    var value = integers.value
    for plan in plans {
      let axis = plan.axis
      let behind = [Int](repeating: 1, count: shape.rank - 1 - axis)
      var sum: ValueID?
      for column in plan.columns.taps {
        guard let along = Shape([column.indices.count] + behind) else {
          throw Declined("the result is too large")
        }
        let indices = rw.addConstant(Tensor(.i32, vector: column.indices), name: "taps")
        var part = try rw.make(Gather(axis: axis), [value, indices], location: location)
        if rw.graph.type(of: part).element != element {
          part = try rw.make(Cast(to: element), [part], location: location)
        }
        let weights = Tensor(
          TensorType(element, along), rounding: column.weights.map { Double($0) })
        part = try rw.make(
          Binary(.mul), [part, rw.addConstant(weights, name: "weights")], location: location)
        sum = try sum.map { (old) throws(Declined) in
          try rw.make(Binary(.add), [old, part], location: location)
        } ?? part
      }
      value = sum ?? value
    }
    if rw.graph.type(of: value).element != element {
      value = try rw.make(Cast(to: element), [value], location: location)
    }
    var binary = places * axes.count
    if binary > 24 {
      // A requantize takes 48 bits.
      let shift = rw.addConstant(Tensor(scalar: Double(binary - 24), element))
      value = try rw.make(Binary(.shiftRight), [value, shift], location: location)
      binary = 24
    }
    let unit = Double(1 << binary)
    if integers.zeroPoints[0] != 0 {
      let zero = rw.addConstant(Tensor(scalar: Double(integers.zeroPoints[0]) * unit, element))
      value = try rw.make(Binary(.sub), [value, zero], location: location)
    }
    try target.finish(value, scales: [step / unit], location: location, &rw)
  }

  private struct Plan {
    let axis: Int
    let columns: (taps: [Taps], error: Double)
  }

  /// The n-th tap of every output position along an axis.
  private struct Taps {
    var indices: [Int] = []
    var weights: [Int] = []

    /// As many columns as the position with the most taps has, and the most that rounded weights make of
    /// a difference of 1.
    static func columns(
      of taps: [[ResizeTap]], places: Int, _ rw: borrowing Rewriter
    ) throws(Declined) -> (taps: [Taps], error: Double) {
      let count = taps.reduce(0) { max($0, $1.count) }
      try rw.require(count > 0 && count <= most, "more than \(most) integers make one")
      let one = 1 << places
      var columns = Array(repeating: Taps(), count: count)
      var error = 0.0
      for position in taps {
        let sum = position.reduce(0) { $0 + $1.weight }
        try rw.require(abs(sum - 1) < 1e-6, "an output position lies outside of the input")
        let size = position.reduce(0) { $0 + abs($1.weight) }
        try rw.require(size <= 2, "weights add up to more than twice the largest integer")
        var weights = position.map { Int(($0.weight * Double(one)).rounded()) }
        // What rounding took or gave goes to the largest.
        if let largest = weights.indices.max(by: { weights[$0] < weights[$1] }) {
          weights[largest] += one - weights.reduce(0, +)
        }
        // The errors add up to 0: what one tap gets another loses.
        error = max(
          error,
          weights.indices.reduce(0) { sum, i in
            sum + abs(Double(weights[i]) / Double(one) - position[i].weight)
          } / 2)
        for column in 0..<count {
          let isThere = column < position.count
          columns[column].indices.append(isThere ? position[column].index : position[0].index)
          columns[column].weights.append(isThere ? weights[column] : 0)
        }
      }
      return (columns, error)
    }
  }
}

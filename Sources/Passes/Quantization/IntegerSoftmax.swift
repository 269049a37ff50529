// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// The softmax of integers: e^(−scale · distance) for the distances to the largest, their sum, and one
/// division with rounding. Of 8 bits there is a table of the exponentials; of 16 they are products of
/// two, of the upper and the lower byte of the distance.
///
///     %d = dequantize %x, @s, @z            %m = reduce %x {kind=max}
///     %y = softmax %d                       %k = binary sub %m, %x
///     %q = quantize %y, @t, @u         →    %e = gather @table, %k
///                                           %n = reduce %e {kind=sum}
///                                           %q = (%e · steps + %n / 2) / %n + @u, as integers
enum IntegerSoftmax {
  /// The error that rounded exponentials may make, in steps of the result.
  private static let tolerance = 1.0 / 8

  static func rewrite(
    _ op: OpRef<Quantize>, _ form: RequantizeForm, _ rw: inout Rewriter
  ) throws(Declined) {
    let target = try IntegerTarget(op, form, rw)
    let producer = try target.producer(rw)
    guard let softmax = rw.graph.op(producer, as: Softmax.self), !softmax.logarithm else {
      throw Declined("the operand is no softmax")
    }
    let integers = try ScaledIntegers(behind: try rw.operand(softmax, .input), rw)
    try integers.requireOneScale("the operand", rw)
    let width = integers.element.bitCount
    try rw.require(width == 8 || width == 16, "the operand has not 8 or 16 bits")
    try rw.require(target.grid.element.bitCount <= 16, "the result is too wide")
    let count = rw.graph.type(of: integers.value).shape[softmax.axis]
    let steps = 1 / target.grid.scales[0]
    let plan = try Plan(count: count, steps: steps, isTable: width == 8)
    try rw.require(plan.error <= tolerance, "32 bits are too few for a sum of \(count)")

    let location = target.location(producer, rw)
    func make(
      _ definition: any OpDefinition, _ operands: ValueID..., rw: inout Rewriter
    ) throws(Declined) -> ValueID {
      try rw.make(definition, operands, location: location)
    }
    func constant(_ value: Double, _ element: ElementType, _ rw: inout Rewriter) -> ValueID {
      rw.addConstant(Tensor(scalar: value, element))
    }
    func over(_ kind: ReduceKind) -> Reduce {
      Reduce(kind, axes: [softmax.axis], keepDimensions: true)
    }
    let largest = try rw.make(over(.max), [integers.value], location: location)
    var powers = width == 8
      ? try table(integers, largest, plan, location, &rw)
      : try products(integers, largest, plan, location, &rw)
    var sum = try make(over(.sum), powers, rw: &rw)
    let element = plan.element
    if element != .i32 {
      powers = try make(Cast(to: element), powers, rw: &rw)
      sum = try make(Cast(to: element), sum, rw: &rw)
      sum = try make(Binary(.mul), sum, constant(plan.unit, element, &rw), rw: &rw)
    }
    let half = try make(Binary(.shiftRight), sum, constant(1, element, &rw), rw: &rw)
    let factor = constant((steps * plan.unit).rounded(), element, &rw)
    let scaled = try make(Binary(.mul), powers, factor, rw: &rw)
    let rounded = try make(Binary(.add), scaled, half, rw: &rw)
    let quotient = try make(Binary(.div), rounded, sum, rw: &rw)
    let zero = constant(Double(target.grid.zeroPoints[0]), element, &rw)
    let moved = try make(Binary(.add), quotient, zero, rw: &rw)
    let limit = Double(target.grid.element.integerRange?.upperBound ?? 0)
    let limited = try make(Binary(.min), moved, constant(limit, element, &rw), rw: &rw)
    let result = try make(Cast(to: target.grid.element), limited, rw: &rw)
    try target.finish(result, location: location, &rw)
  }

  /// e^(−scale · distance) of 8-bit integers.
  private static func table(
    _ integers: ScaledIntegers, _ largest: ValueID, _ plan: Plan, _ location: Location,
    _ rw: inout Rewriter
  ) throws(Declined) -> ValueID {
    // Distances wrap: as the bits of an index they are what they should be, 0 to 255.
    let distances = try rw.make(Binary(.sub), [largest, integers.value], location: location)
    let table = rw.addConstant(Plan.table(integers.scales[0], bits: plan.bits), name: "table")
    return try rw.make(Gather(axis: 0), [table, distances], location: location)
  }

  /// The same of 16-bit integers: e^(−256 · scale · upper byte) · e^(−scale · lower byte), rounded.
  private static func products(
    _ integers: ScaledIntegers, _ largest: ValueID, _ plan: Plan, _ location: Location,
    _ rw: inout Rewriter
  ) throws(Declined) -> ValueID {
    func make(
      _ function: BinaryFunction, _ a: ValueID, _ b: ValueID, rw: inout Rewriter
    ) throws(Declined) -> ValueID {
      try rw.make(Binary(function), [a, b], location: location)
    }
    func constant(_ value: Int, _ element: ElementType, _ rw: inout Rewriter) -> ValueID {
      rw.addConstant(Tensor(scalar: Double(value), element))
    }
    let top = try rw.make(Cast(to: .i32), [largest], location: location)
    let wide = try rw.make(Cast(to: .i32), [integers.value], location: location)
    let distances = try make(.sub, top, wide, rw: &rw)
    let upper = try make(.shiftRight, distances, constant(8, .i32, &rw), rw: &rw)
    let lower = try make(.bitAnd, distances, constant(255, .i32, &rw), rw: &rw)
    var factors: [ValueID] = []
    for (bytes, scale) in [(upper, 256 * integers.scales[0]), (lower, integers.scales[0])] {
      let table = rw.addConstant(Plan.table(scale, bits: Plan.factorBits), name: "table")
      let factor = try rw.make(Gather(axis: 0), [table, bytes], location: location)
      factors.append(try rw.make(Cast(to: .i64), [factor], location: location))
    }
    let product = try make(.mul, factors[0], factors[1], rw: &rw)
    let places = 2 * Plan.factorBits - plan.bits
    let raised = try make(.add, product, constant(1 << (places - 1), .i64, &rw), rw: &rw)
    let power = try make(.shiftRight, raised, constant(places, .i64, &rw), rw: &rw)
    return try rw.make(Cast(to: .i32), [power], location: location)
  }

  /// How many bits exponentials get, and the type in which the quotient is computed.
  private struct Plan {
    /// Those of the two factors of an exponential.
    static let factorBits = 30
    let bits: Int
    let element: ElementType
    /// What both sides of the quotient are multiplied by, so that the steps are nearly a whole number.
    let unit: Double
    /// In steps of the result.
    let error: Double

    init(count: Int, steps: Double, isTable: Bool) throws(Declined) {
      guard count > 0, steps >= 1, steps <= 0x1p17 else {
        throw Declined("the grid of the result is not one of shares")
      }
      // The sum stays below 2³¹.
      let room = 30 - (Int.bitWidth - count.leadingZeroBitCount)
      let isWhole = steps == steps.rounded() && steps <= 256
      bits = min(room, isWhole ? 22 : 24)
      guard bits > 0 else { throw Declined("32 bits are too few for a sum of \(count)") }
      (element, unit) = isWhole ? (.i32, 1) : (.i64, 0x1p20)
      let unit = Double(1 << bits)
      let each = isTable ? 0.5 : 0.5 + unit / Double(1 << Self.factorBits)
      error = steps * Double(count + 1) * each / unit
    }

    /// e^(−scale · x) for each byte x, with so many binary places.
    static func table(_ scale: Double, bits: Int) -> Tensor {
      Tensor(
        TensorType(.i32, .vector(256)),
        rounding: (0..<256).map { Mathematics.exp(-scale * Double($0)) * Double(1 << bits) })
    }
  }
}

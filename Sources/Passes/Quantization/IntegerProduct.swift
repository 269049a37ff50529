// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// The product of two dequantized operands, or of one and a constant (or its quotient by one), whose
/// result is quantized.
///
///     %a = dequantize %x, @s, @z            %c = cast %x {to=i32}
///     %b = dequantize %y, @t, @u            %e = binary sub %c, @z
///     %r = binary mul %a, %b           →    %d = cast %y {to=i32}
///     %q = quantize %r, @v, @w              %f = binary sub %d, @u
///                                           %p = binary mul %e, %f
///                                           %q = requantize %p, @scale, @w
enum IntegerProduct {
  static func rewrite(
    _ op: OpRef<Quantize>, _ form: RequantizeForm, _ rw: inout Rewriter
  ) throws(Declined) {
    let target = try IntegerTarget(op, form, rw)
    let producer = try target.producer(rw)
    guard let binary = rw.graph.definition(of: producer) as? Binary,
      binary.function == .mul || binary.function == .div
    else { throw Declined("the operand is no product") }
    let operands = rw.graph.operands(of: producer)
    guard let left = operands[0], let right = operands[1] else {
      throw Declined("an operand is absent")
    }
    let location = target.location(producer, rw)
    switch (try IntegerOperand(left, rw), try IntegerOperand(right, rw), binary.function) {
    case (.integers(let a), .integers(let b), .mul):
      try multiply(a, b, target, location, &rw)
    case (.integers(let x), .numbers(let c), .mul), (.numbers(let c), .integers(let x), .mul):
      try scale(x, c, target, location, &rw)
    case (.integers(let x), .numbers(let c), _):
      let inverse = try KnownNumbers(c.shape, c.values.map { 1 / $0 }, rw)
      try scale(x, inverse, target, location, &rw)
    default: throw Declined("the divisor is not constant, or nothing else is computed")
    }
  }

  private static func multiply(
    _ a: ScaledIntegers, _ b: ScaledIntegers, _ target: IntegerTarget, _ location: Location,
    _ rw: inout Rewriter
  ) throws(Declined) {
    let isNarrow = a.reach(rw) * b.reach(rw) < 1 << 31
    let element = isNarrow ? ElementType.i32 : .i64
    func factor(_ x: ScaledIntegers, _ rw: inout Rewriter) throws(Declined) -> ValueID {
      let wide = try rw.make(Cast(to: element), [x.value], location: location)
      guard x.zeroPoints[0] != 0 else { return wide }
      let zero = rw.addConstant(Tensor(scalar: Double(x.zeroPoints[0]), element))
      return try rw.make(Binary(.sub), [wide, zero], location: location)
    }
    let product = try rw.make(
      Binary(.mul), [try factor(a, &rw), try factor(b, &rw)], location: location)
    let scale = a.scales[0] * b.scales[0] / target.grid.scales[0]
    try target.finish(product, scales: [scale], location: location, &rw)
  }

  private static func scale(
    _ x: ScaledIntegers, _ constant: KnownNumbers, _ target: IntegerTarget, _ location: Location,
    _ rw: inout Rewriter
  ) throws(Declined) {
    let step = x.scales[0] / target.grid.scales[0]
    let sum = try FixedPointSum([
      FixedPointSum.Term(
        x.value, x.range(rw), offsets: x.zeroPoints,
        factors: constant.values.map { $0 * step }, constant.shape)
    ])
    try sum.require(rw.graph.type(of: target.value).shape, rw)
    let sums = try sum.make(location, &rw)
    try target.finish(sums, scales: [sum.scale], location: location, &rw)
  }
}

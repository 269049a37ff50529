// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Sums, differences, products and batch normalisations of dequantized operands and constants, whose
/// result is quantized. What is linear in the operands is brought to one fixed point, added, and
/// rounded once:
///
///     %a = dequantize %x, @s, @z            %c = cast %x {to=i32}
///     %b = dequantize %y, @t, @u            %p = binary mul %c, @m
///     %r = binary add %a, %b           →    %d = cast %y {to=i32}
///     %q = quantize %r, @v, @w              %o = binary mul %d, @n
///                                           %s = binary add %p, %o
///                                           %k = binary add %s, @offset
///                                           %q = requantize %k, @scale, @w
///
/// and a batch normalisation has a factor and an offset for each channel. A product of two operands is
/// one of integers, likewise rounded once:
///
///     %a = dequantize %x, @s, @z            %c = cast %x {to=i32}
///     %b = dequantize %y, @t, @u            %e = binary sub %c, @z
///     %r = binary mul %a, %b           →    %d = cast %y {to=i32}
///     %q = quantize %r, @v, @w              %f = binary sub %d, @u
///                                           %p = binary mul %e, %f
///                                           %q = requantize %p, @scale, @w
enum IntegerArithmetic {
  static func rewrite(
    _ op: OpRef<Quantize>, _ form: RequantizeForm, _ rw: inout Rewriter
  ) throws(Declined) {
    let target = try IntegerTarget(op, form, rw)
    let producer = try target.producer(rw)
    try rw.require(
      isArithmetic(rw.graph.definition(of: producer)), "the operand is no sum or product")
    if let (a, b) = try factors(producer, rw) {
      return try multiply(a, b, target, target.location(producer, rw), &rw)
    }
    let linear = try LinearForm(target.value, rw)
    let step = target.grid.scales[0]
    var terms: [FixedPointSum.Term] = []
    for term in linear.terms {
      let unit = term.integers.scales[0] / step
      terms.append(
        FixedPointSum.Term(term.integers, factors: try term.factors.map { $0 * unit }, rw))
    }
    let sum = try FixedPointSum(terms, constant: try linear.constant.map { $0 / step })
    try sum.require(rw.graph.type(of: target.value).shape, rw)
    let location = linear.location.joined(with: rw.graph.location(of: op.id))
    let sums = try sum.make(location, &rw)
    try target.finish(sums, scales: [sum.scale], location: location, &rw)
  }

  /// Whether an op is one of those that are looked for.
  static func isArithmetic(_ definition: any OpDefinition) -> Bool {
    switch definition {
    case is BatchNorm: true
    case let unary as Unary: unary.function == .negate
    case let binary as Binary:
      switch binary.function {
      case .add, .sub, .mul, .div: true
      default: false
      }
    default: false
    }
  }

  /// The integers of a product of two operands that are computed; nil if the op is none.
  private static func factors(
    _ producer: OpID, _ rw: borrowing Rewriter
  ) throws(Declined) -> (ScaledIntegers, ScaledIntegers)? {
    guard let binary = rw.graph.definition(of: producer) as? Binary, binary.function == .mul else {
      return nil
    }
    var found: [ScaledIntegers] = []
    for case let operand? in rw.graph.operands(of: producer) {
      guard rw.graph.tensor(operand) == nil,
        let integers = try? ScaledIntegers(behind: operand, rw),
        rw.graph.tensor(integers.value) == nil
      else { return nil }
      try integers.requireOneScale("an operand", rw)
      try rw.require(integers.element.bitCount <= 16, "the integers are too wide")
      found.append(integers)
    }
    return found.count == 2 ? (found[0], found[1]) : nil
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
}

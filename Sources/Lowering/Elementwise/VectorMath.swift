// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// Functions of floats as expressions. For vectors of f32 they are made of arithmetic that is done
/// in all lanes at once; for single numbers and other types they are the functions of the C
/// library. (Coefficients: S. Moshier, Cephes, single precision.)
enum VectorMath {
  /// eˣ, with a relative error of at most 2e-7; 0 for −∞, ∞ beyond the range, NaN stays.
  static func exp(in k: inout KernelBuilder, _ x: Expression) -> Expression {
    let type = x.type
    guard type.lanes > 1, type.element == .f32 else { return .unary(.exp, x) }
    func number(_ value: Double) -> Expression { .float(value, type) }
    func integer(_ value: Int64) -> Expression {
      .integer(value, ValueType(.i32, lanes: type.lanes))
    }
    // Beyond these bounds the result is 0 or ∞ whatever x is.
    let x = k.bind(
      "e", .binary(.minimum, .binary(.maximum, x, number(-104)), number(89)))
    // x = n·ln 2 + r; ln 2 is taken off in two parts, the first with few bits.
    let n = k.bind(
      "n", .unary(.floor, sum(number(0.5), x, times: number(1.44269504088896341))))
    let r = k.bind(
      "r", sum(sum(x, n, times: number(-0.693359375)), n, times: number(2.12194440e-4)))
    let polynomial = polynomial(
      r,
      [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
        5.0000001201e-1])
    let value = sum(r, polynomial, times: r * r) + number(1)
    // 2ⁿ in two factors, since n goes beyond the exponents that there are.
    let exponent = k.bind("n", n.converted(to: .i32))
    let half = k.bind("h", .binary(.shiftRight, exponent, integer(1)))
    func power(_ exponent: Expression) -> Expression {
      .reinterpret(.binary(.shiftLeft, exponent + integer(127), integer(23)), to: .f32)
    }
    return value * power(half) * power(exponent - half)
  }

  /// eˣ − 1 for x ≤ 0, precise around 0.
  static func expMinusOne(in k: inout KernelBuilder, _ x: Expression) -> Expression {
    let one = Expression.constant(1, like: x.type)
    let power = k.bind("e", exp(in: &k, x))
    guard x.type.lanes > 1, x.type.element == .f32 else {
      // What is lost in the difference is lost in the logarithm, too (Kahan).
      let scaled = (power - one) * x / .unary(.log, power)
      let isFlat = Expression.binary(
        .less, power, .constant(x.type.element == .f64 ? 1e-16 : 1e-8, like: x.type))
      return .select(
        .binary(.equal, power, one), x, .select(isFlat, .unary(.negate, one), scaled))
    }
    // Taylor's series: its next term is below 2e-8 of the sum.
    let series = polynomial(
      x, [1 / 5040.0, 1 / 720.0, 1 / 120.0, 1 / 24.0, 1 / 6.0, 0.5, 1])
    return .select(
      .binary(.greater, x, .constant(-0.35, like: x.type)), x * series, power - one)
  }

  /// ln(1 + x) for x from 0 to 1, precise around 0.
  static func logOnePlus(in k: inout KernelBuilder, _ x: Expression) -> Expression {
    let type = x.type
    let one = Expression.constant(1, like: type)
    guard type.lanes > 1, type.element == .f32 else {
      let x = k.bind("e", x)
      let sum = k.bind("s", x + one)
      return .select(
        .binary(.equal, sum, one), x, .unary(.log, sum) * x / (sum - one))
    }
    // 1 + x is brought between √½ and √2 by a factor of 2.
    let x = k.bind("e", x)
    let isLarge = Expression.binary(.greater, x, .float(0.41421356, type))
    let f = k.bind("f", .select(isLarge, (x - one) * .float(0.5, type), x))
    let square = k.bind("s", f * f)
    let polynomial = polynomial(
      f,
      [7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1])
    let rest = sum(square * .float(-0.5, type), polynomial, times: f * square)
    return f + rest + .select(isLarge, .float(0.693147180559945, type), .float(0, type))
  }

  /// The hyperbolic tangent, with a relative error of some 1e-7.
  static func tanh(in k: inout KernelBuilder, _ x: Expression) -> Expression {
    let type = x.type
    guard type.lanes > 1, type.element == .f32 else { return .unary(.tanh, x) }
    let magnitude = k.bind("m", .unary(.absolute, x))
    let square = k.bind("s", x * x)
    let near = polynomial(
      square,
      [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1,
        -3.33332819422e-1])
    let power = exp(in: &k, magnitude + magnitude)
    let far = k.bind("t", .float(1, type) - .float(2, type) / (power + .float(1, type)))
    let signed = Expression.select(
      .binary(.less, x, .float(0, type)), .unary(.negate, far), far)
    return .select(
      .binary(.less, magnitude, .float(0.625, type)), sum(x, near * square, times: x), signed)
  }

  /// a + b·c, fused where the target does it.
  private static func sum(_ a: Expression, _ b: Expression, times c: Expression) -> Expression {
    .primitive(.multiplyAdd, [b, c, a])
  }

  /// The polynomial with the coefficients from the highest power down, by Horner's rule.
  private static func polynomial(_ x: Expression, _ coefficients: [Double]) -> Expression {
    coefficients.dropFirst().reduce(.float(coefficients[0], x.type)) {
      sum(.float($1, x.type), $0, times: x)
    }
  }
}

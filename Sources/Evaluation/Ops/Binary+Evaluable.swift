// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

extension Binary: Evaluable {
  public func evaluate(
    _ operands: OperandTensors<Self>, resultTypes: [TensorType]
  ) throws(Failure) -> [Tensor] {
    let pair = [try operands.require(.lhs), try operands.require(.rhs)]
    let type = resultTypes[0]
    let element = pair[0].element
    if element.isFloat {
      return [
        elementwise(type, pair, as: Double.self) { runs, count in
          applyFloats(runs[0], runs[1], count)
        }
      ]
    }
    return [
      elementwise(type, pair, as: Int64.self) { runs, count in
        if element == .u64, applyWideUnsigned(runs[0], runs[1], count) { return }
        applyIntegers(runs[0], runs[1], count)
      }
    ]
  }

  private typealias Run<Number> = UnsafeMutablePointer<Number>

  private func applyFloats(_ a: Run<Double>, _ b: Run<Double>, _ n: Int) {
    switch function {
    case .add: each(a, b, n) { $0 + $1 }
    case .sub: each(a, b, n) { $0 - $1 }
    case .mul: each(a, b, n) { $0 * $1 }
    case .div: each(a, b, n) { $0 / $1 }
    case .fmod: each(a, b, n) { Mathematics.fmod($0, $1) }
    case .mod:
      each(a, b, n) { x, y in
        let remainder = Mathematics.fmod(x, y)
        if remainder == 0 { return Double(signOf: y, magnitudeOf: 0) }
        return (remainder < 0) == (y < 0) ? remainder : remainder + y
      }
    case .max: each(a, b, n) { $0.isNaN || $0 > $1 ? $0 : $1 }
    case .min: each(a, b, n) { $0.isNaN || $0 < $1 ? $0 : $1 }
    case .pow: each(a, b, n) { Mathematics.pow($0, $1) }
    case .prelu: each(a, b, n) { $0 < 0 ? $0 * $1 : $0 }
    case .equal: each(a, b, n) { $0 == $1 ? 1 : 0 }
    case .less: each(a, b, n) { $0 < $1 ? 1 : 0 }
    case .lessOrEqual: each(a, b, n) { $0 <= $1 ? 1 : 0 }
    case .greater: each(a, b, n) { $0 > $1 ? 1 : 0 }
    case .greaterOrEqual: each(a, b, n) { $0 >= $1 ? 1 : 0 }
    case .and, .or, .xor, .bitAnd, .bitOr, .bitXor, .shiftLeft, .shiftRight:
      unreachable("\(function.rawValue) takes no floats")
    }
  }

  /// Integers of up to 63 bits, and of 64 where their sign does not matter.
  private func applyIntegers(_ a: Run<Int64>, _ b: Run<Int64>, _ n: Int) {
    switch function {
    case .add: each(a, b, n) { $0 &+ $1 }
    case .sub: each(a, b, n) { $0 &- $1 }
    case .mul: each(a, b, n) { $0 &* $1 }
    case .div:
      each(a, b, n) { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue }
    case .fmod:
      each(a, b, n) { $1 == 0 ? 0 : $0.remainderReportingOverflow(dividingBy: $1).partialValue }
    case .mod:
      each(a, b, n) { x, y in
        guard y != 0 else { return 0 }
        let remainder = x.remainderReportingOverflow(dividingBy: y).partialValue
        return remainder == 0 || (remainder < 0) == (y < 0) ? remainder : remainder + y
      }
    case .max: each(a, b, n) { max($0, $1) }
    case .min: each(a, b, n) { min($0, $1) }
    case .pow: each(a, b, n) { Self.power($0, $1) }
    case .prelu: each(a, b, n) { $0 < 0 ? $0 &* $1 : $0 }
    case .and, .bitAnd: each(a, b, n) { $0 & $1 }
    case .or, .bitOr: each(a, b, n) { $0 | $1 }
    case .xor, .bitXor: each(a, b, n) { $0 ^ $1 }
    case .shiftLeft: each(a, b, n) { $1 < 0 ? 0 : $0 << $1 }
    case .shiftRight: each(a, b, n) { $1 < 0 ? $0 >> 63 : $0 >> $1 }
    case .equal: each(a, b, n) { $0 == $1 ? 1 : 0 }
    case .less: each(a, b, n) { $0 < $1 ? 1 : 0 }
    case .lessOrEqual: each(a, b, n) { $0 <= $1 ? 1 : 0 }
    case .greater: each(a, b, n) { $0 > $1 ? 1 : 0 }
    case .greaterOrEqual: each(a, b, n) { $0 >= $1 ? 1 : 0 }
    }
  }

  /// What of 64-bit unsigned integers differs from signed ones; false for the functions that do
  /// not.
  private func applyWideUnsigned(_ a: Run<Int64>, _ b: Run<Int64>, _ n: Int) -> Bool {
    func unsigned(_ body: (UInt64, UInt64) -> UInt64) {
      each(a, b, n) {
        Int64(bitPattern: body(UInt64(bitPattern: $0), UInt64(bitPattern: $1)))
      }
    }
    switch function {
    case .div: unsigned { $1 == 0 ? 0 : $0 / $1 }
    case .mod, .fmod: unsigned { $1 == 0 ? 0 : $0 % $1 }
    case .max: unsigned { max($0, $1) }
    case .min: unsigned { min($0, $1) }
    case .prelu: break
    case .pow: unsigned { Self.power($0, $1) }
    case .shiftLeft: unsigned { $0 << $1 }
    case .shiftRight: unsigned { $0 >> $1 }
    case .less: unsigned { $0 < $1 ? 1 : 0 }
    case .lessOrEqual: unsigned { $0 <= $1 ? 1 : 0 }
    case .greater: unsigned { $0 > $1 ? 1 : 0 }
    case .greaterOrEqual: unsigned { $0 >= $1 ? 1 : 0 }
    case .add, .sub, .mul, .and, .or, .xor, .bitAnd, .bitOr, .bitXor, .equal: return false
    }
    return true
  }

  /// The power, wrapping; with a negative exponent its integer part, 0 for 0.
  private static func power<Integer: FixedWidthInteger>(
    _ base: Integer, _ exponent: Integer
  ) -> Integer {
    if exponent < 0 {
      if base == 1 { return 1 }
      return base.magnitude == 1 ? (exponent & 1 == 0 ? 1 : base) : 0
    }
    var (result, square, rest) = (1 as Integer, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }

  @inline(__always)
  private func each<Number>(
    _ a: Run<Number>, _ b: Run<Number>, _ count: Int, _ function: (Number, Number) -> Number
  ) {
    for i in 0..<count { a[i] = function(a[i], b[i]) }
  }
}

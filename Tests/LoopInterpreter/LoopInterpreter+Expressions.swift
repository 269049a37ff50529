// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import LoopIR
import Tensors

extension LoopInterpreter {
  /// What an expression gives.
  func evaluate(_ expression: Expression) throws -> LoopValue {
    let type = expression.type
    switch expression {
    case .float(let v, _): return LoopValue(type, floats: Array(repeating: v, count: type.lanes))
    case .integer(let v, _):
      return LoopValue(type, integers: Array(repeating: v, count: type.lanes))
    case .local(let local):
      guard let value = locals[local.id] else {
        throw LoopFault(description: "\(local.name) has no value here")
      }
      return value
    case .register(let array, let indices):
      guard let elements = registers[array.id] else {
        throw LoopFault(description: "\(array.name) is not there")
      }
      return elements[try slot(array, indices)]
    case .load(let access, let lanes):
      let start = try position(access.index)
      let numbers = try (0..<lanes).map { try read(access, start + $0) }
      return Self.value(type, numbers)
    case .index(let index, _): return LoopValue(type, integers: [Int64(try position(index))])
    case .unary(let op, let x): return Self.unary(op, try evaluate(x), type)
    case .binary(let op, let x, let y):
      return try Self.binary(op, try evaluate(x), try evaluate(y), type)
    case .select(let condition, let x, let y):
      let (c, a, b) = (try evaluate(condition), try evaluate(x), try evaluate(y))
      let lanes = (0..<type.lanes).map { c.integers[$0] != 0 ? a[$0] : b[$0] }
      return Self.value(type, lanes)
    case .convert(let x, _, let mode): return Self.convert(try evaluate(x), type, mode)
    case .reinterpret(let x, _): return Self.reinterpret(try evaluate(x), type)
    case .splat(let x, let lanes):
      let value = try evaluate(x)
      return Self.value(type, (0..<lanes).map { value[$0 % x.type.lanes] })
    case .horizontal(let op, let x): return Self.horizontal(op, try evaluate(x), type)
    case .primitive(let primitive, let operands):
      return Self.primitive(primitive, try operands.map(evaluate), type)
    }
  }

  private static func reinterpret(_ x: LoopValue, _ type: ValueType) -> LoopValue {
    let isWide = type.element.bitCount == 64
    let bits: [Int64] = x.type.element.isFloat
      ? x.floats.map {
        isWide ? Int64(bitPattern: $0.bitPattern) : Int64(Float($0).bitPattern)
      } : x.integers
    guard type.element.isFloat else { return LoopValue(type, integers: bits) }
    return LoopValue(
      type,
      floats: bits.map {
        isWide
          ? Double(bitPattern: UInt64(bitPattern: $0))
          : Double(Float(bitPattern: UInt32(truncatingIfNeeded: $0)))
      })
  }

  private static func value(_ type: ValueType, _ numbers: [LoopNumber]) -> LoopValue {
    if type.element.isFloat {
      return LoopValue(
        type, floats: numbers.map { if case .float(let v) = $0 { v } else { .nan } })
    }
    return LoopValue(
      type, integers: numbers.map { if case .integer(let v) = $0 { v } else { 0 } })
  }

  private static func unary(_ op: UnaryOperator, _ x: LoopValue, _ type: ValueType) -> LoopValue {
    if op == .isNaN { return LoopValue(type, integers: x.floats.map { $0.isNaN ? 1 : 0 }) }
    guard type.element.isFloat else {
      return LoopValue(
        type,
        integers: x.integers.map { v in
          switch op {
          case .negate: 0 &- v
          case .absolute: type.element.kind == .signed && v < 0 ? 0 &- v : v
          case .logicalNot: v == 0 ? 1 : 0
          default: ~v
          }
        })
    }
    return LoopValue(
      type,
      floats: x.floats.map { v in
        switch op {
        case .negate: -v
        case .absolute: v.magnitude
        case .squareRoot: type.element == .f32 ? Double(Float(v).squareRoot()) : v.squareRoot()
        case .exp: Mathematics.exp(v)
        case .log: Mathematics.log(v)
        case .sin: Mathematics.sin(v)
        case .cos: Mathematics.cos(v)
        case .tan: Mathematics.tan(v)
        case .asin: Mathematics.asin(v)
        case .acos: Mathematics.acos(v)
        case .atan: Mathematics.atan(v)
        case .sinh: Mathematics.sinh(v)
        case .cosh: Mathematics.cosh(v)
        case .tanh: Mathematics.tanh(v)
        case .asinh: Mathematics.asinh(v)
        case .acosh: Mathematics.acosh(v)
        case .atanh: Mathematics.atanh(v)
        case .erf: Mathematics.erf(v)
        case .floor: v.rounded(.down)
        case .ceil: v.rounded(.up)
        case .roundEven: v.rounded(.toNearestOrEven)
        case .logicalNot, .bitwiseNot, .isNaN: v
        }
      })
  }

  private static func binary(
    _ op: BinaryOperator, _ x: LoopValue, _ y: LoopValue, _ type: ValueType
  ) throws -> LoopValue {
    if x.type.element.isFloat {
      let pairs = zip(x.floats, y.floats)
      if op.isComparison {
        return LoopValue(type, integers: pairs.map { compare(op, $0, $1) ? 1 : 0 })
      }
      let isSingle = type.element == .f32
      return LoopValue(
        type,
        floats: pairs.map { a, b in
          switch op {
          case .minimum: b < a ? b : a
          case .maximum: b > a ? b : a
          case .power: Mathematics.pow(a, b)
          case .modulo: Mathematics.fmod(a, b)
          // Sums, products and quotients of floats in double, rounded once more, are those of floats.
          case .add: isSingle ? Double(Float(a) + Float(b)) : a + b
          case .subtract: isSingle ? Double(Float(a) - Float(b)) : a - b
          case .multiply: isSingle ? Double(Float(a) * Float(b)) : a * b
          default: isSingle ? Double(Float(a) / Float(b)) : a / b
          }
        })
    }
    let isUnsigned = x.type.element == .u64
    let pairs = zip(x.integers, y.integers)
    if op.isComparison {
      return LoopValue(
        type,
        integers: pairs.map { a, b in
          (isUnsigned
            ? compare(op, UInt64(bitPattern: a), UInt64(bitPattern: b)) : compare(op, a, b))
            ? 1 : 0
        })
    }
    if op == .divide || op == .modulo, y.integers.contains(0) {
      throw LoopFault(description: "division by zero")
    }
    return LoopValue(
      type, integers: pairs.map { integers(op, $0, $1, isUnsigned, x.type.element.bitCount) })
  }

  private static func compare<N: Comparable>(_ op: BinaryOperator, _ a: N, _ b: N) -> Bool {
    switch op {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessEqual: a <= b
    case .greater: a > b
    default: a >= b
    }
  }

  private static func integers(
    _ op: BinaryOperator, _ a: Int64, _ b: Int64, _ isUnsigned: Bool, _ bits: Int
  ) -> Int64 {
    let (ua, ub) = (UInt64(bitPattern: a), UInt64(bitPattern: b))
    switch op {
    case .add: return a &+ b
    case .subtract: return a &- b
    case .multiply: return a &* b
    case .divide: return isUnsigned ? Int64(bitPattern: ua / ub) : b == -1 ? 0 &- a : a / b
    case .modulo: return isUnsigned ? Int64(bitPattern: ua % ub) : b == -1 ? 0 : a % b
    case .minimum: return isUnsigned ? Int64(bitPattern: min(ua, ub)) : min(a, b)
    case .maximum: return isUnsigned ? Int64(bitPattern: max(ua, ub)) : max(a, b)
    case .and: return a & b
    case .or: return a | b
    case .xor: return a ^ b
    case .shiftLeft: return a << b
    case .shiftRight: return isUnsigned ? Int64(bitPattern: ua >> ub) : a >> b
    default:
      if b < 0, !isUnsigned { return a == 1 ? 1 : a == -1 ? (b % 2 == 0 ? 1 : -1) : 0 }
      var (result, base, n): (Int64, Int64, UInt64) = (1, a, ub)
      while n != 0 {
        if n & 1 != 0 { result = result &* base }
        base = base &* base
        n >>= 1
      }
      return result
    }
  }

  private static func convert(
    _ x: LoopValue, _ type: ValueType, _ mode: ConversionMode
  ) -> LoopValue {
    let from = x.type.element
    let to = type.element
    if to.isFloat {
      return LoopValue(
        type,
        floats: from.isFloat
          ? x.floats
          : x.integers.map { v in
            let isSingle = to == .f32
            if from == .u64 {
              let u = UInt64(bitPattern: v)
              return isSingle ? Double(Float(u)) : Double(u)
            }
            return isSingle ? Double(Float(v)) : Double(v)
          })
    }
    if to == .bool {
      return LoopValue(
        type,
        integers: from.isFloat
          ? x.floats.map { $0 == 0 ? 0 : 1 } : x.integers.map { $0 == 0 ? 0 : 1 })
    }
    if from.isFloat {
      return LoopValue(type, integers: x.floats.map { truncate($0, to) })
    }
    guard mode == .saturating, from != to else { return LoopValue(type, integers: x.integers) }
    let range = to.integerRange!
    return LoopValue(
      type,
      integers: x.integers.map { v in
        if from == .u64 {
          let u = UInt64(bitPattern: v)
          return u > UInt64(range.upperBound) ? range.upperBound : v
        }
        return to == .u64 ? max(v, 0) : min(max(v, range.lowerBound), range.upperBound)
      })
  }

  private static func truncate(_ v: Double, _ to: ElementType) -> Int64 {
    if v.isNaN { return 0 }
    if to == .u64 {
      return Int64(bitPattern: v <= 0 ? 0 : v >= 0x1p64 ? UInt64.max : UInt64(v))
    }
    let range = to.integerRange!
    if v <= Double(range.lowerBound) { return range.lowerBound }
    if v >= Double(range.upperBound) { return range.upperBound }
    return Int64(v)
  }

  private static func horizontal(
    _ op: HorizontalOperator, _ x: LoopValue, _ type: ValueType
  ) -> LoopValue {
    var value = x
    var half = x.type.lanes / 2
    while half > 0 {
      for i in 0..<half {
        if type.element.isFloat {
          let (a, b) = (value.floats[i], value.floats[i + half])
          switch op {
          case .add:
            value.floats[i] = type.element == .f32 ? Double(Float(a) + Float(b)) : a + b
          case .minimum: value.floats[i] = b < a ? b : a
          case .maximum: value.floats[i] = b > a ? b : a
          }
        } else {
          let (a, b) = (value.integers[i], value.integers[i + half])
          let isUnsigned = type.element == .u64
          let joined: BinaryOperator =
            op == .add ? .add : op == .minimum ? .minimum : .maximum
          value.integers[i] = LoopValue.wrapped(
            integers(joined, a, b, isUnsigned, type.element.bitCount), type.element)
        }
      }
      half /= 2
    }
    return type.element.isFloat
      ? LoopValue(type, floats: [value.floats[0]])
      : LoopValue(type, integers: [value.integers[0]])
  }

  private static func primitive(
    _ primitive: Primitive, _ x: [LoopValue], _ type: ValueType
  ) -> LoopValue {
    switch primitive {
    case .multiplyAdd:
      return LoopValue(
        type,
        floats: (0..<type.lanes).map { i in
          let (a, b, c) = (x[0].floats[i], x[1].floats[i], x[2].floats[i])
          return type.element == .f32
            ? Double(Float(a) * Float(b) + Float(c)) : a * b + c
        })
    case .dot4, .dot2:
      let width = primitive == .dot4 ? 4 : 2
      return LoopValue(
        type,
        integers: (0..<type.lanes).map { i in
          (0..<width).reduce(x[2].integers[i]) { sum, k in
            sum + x[0].integers[width * i + k] * x[1].integers[width * i + k]
          }
        })
    case .dotAcross:
      return LoopValue(
        type,
        integers: [zip(x[0].integers, x[1].integers).reduce(x[2].integers[0]) { $0 + $1.0 * $1.1 }])
    case .addEven, .addOdd:
      let first = primitive == .addEven ? 0 : 1
      return LoopValue(
        type,
        integers: (0..<type.lanes).map { x[1].integers[$0] + x[0].integers[2 * $0 + first] })
    case .populationCount:
      return LoopValue(
        type, integers: x[0].integers.map { Int64(UInt64(bitPattern: $0).nonzeroBitCount) })
    }
  }
}

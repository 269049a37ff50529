// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

extension KernelTranslator {
  /// An expression as C; a vector of `bool` becomes a mask of 32-bit lanes, a single `bool` an `int`.
  mutating func value(_ expression: Expression) -> CExpr {
    let type = expression.type
    if usesWords, type.lanes > 1 { return word(expression) }
    if type.lanes > 1 {
      return type.element == .bool ? mask(expression, bits: 32) : vector(expression)
    }
    switch expression {
    case .float(let v, let type): return literal(v, type.element)
    case .integer(let v, let type): return literal(v, type.element)
    case .local(let local): return name(of: local)
    case .register(let array, let indices): return element(array, indices)
    case .load(let access, let lanes): return load(access, lanes)
    case .index(let index, let element):
      return .cast(.named(RuntimeLibrary.scalar(element)), self.index(index))
    case .unary(let op, let x): return unary(op, x)
    case .binary(let op, let x, let y): return binary(op, x, y)
    case .select(let condition, let x, let y):
      let choice = CExpr.conditional(value(condition), value(x), value(y))
      // Both arms are promoted to `int`; GCC's sanitizers hide from its warnings that they were narrow.
      return type.element.isInteger && type.element.bitCount < 32
        ? .cast(.named(RuntimeLibrary.scalar(type.element)), choice) : choice
    case .convert(let x, let element, let mode): return convert(x, to: element, mode)
    case .reinterpret(let x, let element):
      let a = value(x)
      return .call(library.reinterpret(x.type.element, as: element), [a])
    case .splat(let x, _): return value(x)
    case .horizontal(let op, let x): return horizontal(op, x)
    case .primitive(let primitive, let operands): return self.primitive(primitive, operands)
    }
  }

  /// A float constant of an element type.
  mutating func literal(_ v: Double, _ element: ElementType) -> CExpr {
    let literal: CLiteral = element == .f64 ? .double(v) : .float(Float(v))
    if literal.needsMath { library.usesMath = true }
    return .literal(literal)
  }

  /// An integer constant of an element type, wrapped to it.
  func literal(_ v: Int64, _ element: ElementType) -> CExpr {
    switch element {
    case .i64: .literal(.signed64(v))
    case .u64: .literal(.unsigned64(UInt64(bitPattern: v)))
    case .u32: .literal(.unsigned(UInt64(UInt32(truncatingIfNeeded: v))))
    case .i16: .literal(.signed(Int64(Int16(truncatingIfNeeded: v))))
    case .u16: .literal(.signed(Int64(UInt16(truncatingIfNeeded: v))))
    case .i8: .literal(.signed(Int64(Int8(truncatingIfNeeded: v))))
    case .u8: .literal(.signed(Int64(UInt8(truncatingIfNeeded: v))))
    case .bool: .literal(.signed(v == 0 ? 0 : 1))
    default: .literal(.signed(Int64(Int32(truncatingIfNeeded: v))))
    }
  }

  /// A small whole number as a constant of an element type, float or integer.
  mutating func small(_ v: Int64, _ element: ElementType) -> CExpr {
    element.isFloat ? literal(Double(v), element) : literal(v, element)
  }

  private mutating func unary(_ op: UnaryOperator, _ x: Expression) -> CExpr {
    let element = x.type.element
    let a = value(x)
    let type = CType.named(RuntimeLibrary.scalar(element))
    switch op {
    case .negate:
      if element.isFloat { return .unary(.negate, a) }
      if element.bitCount < 32 { return .cast(type, .unary(.negate, a)) }
      let zero = CExpr.literal(element.bitCount == 64 ? .unsigned64(0) : .unsigned(0))
      return .cast(type, zero - unsigned(a, element))
    case .absolute: return .call(library.absolute(element, 1), [a])
    case .logicalNot: return .unary(.not, a)
    case .bitwiseNot: return .cast(type, .unary(.complement, a))
    case .isNaN: return .call(library.isNaN(element), [a])
    case .squareRoot, .exp, .log, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .tanh,
      .asinh, .acosh, .atanh, .erf, .floor, .ceil, .roundEven:
      return .call(library.math(op, element, 1), [a])
    }
  }

  private func unsigned(_ a: CExpr, _ element: ElementType) -> CExpr {
    .cast(.named(element.bitCount == 64 ? "uint64_t" : "uint32_t"), a)
  }

  /// The C operator that an operator of the loop language is, apart from overflow.
  static func symbol(_ op: BinaryOperator) -> CBinary? {
    switch op {
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .divide: .divide
    case .modulo: .modulo
    case .and: .and
    case .or: .or
    case .xor: .xor
    case .shiftLeft: .shiftLeft
    case .shiftRight: .shiftRight
    case .equal: .equal
    case .notEqual: .notEqual
    case .less: .less
    case .lessEqual: .lessEqual
    case .greater: .greater
    case .greaterEqual: .greaterEqual
    case .minimum, .maximum, .power: nil
    }
  }

  private mutating func binary(_ op: BinaryOperator, _ x: Expression, _ y: Expression) -> CExpr {
    let element = x.type.element
    let a = value(x)
    let b = value(y)
    guard let symbol = Self.symbol(op) else {
      return op == .power
        ? .call(library.power(element, 1), [a, b])
        : .call(library.extreme(op, element, 1), [a, b])
    }
    let plain = CExpr.binary(symbol, a, b)
    let type = CType.named(RuntimeLibrary.scalar(element))
    if op.isComparison || element == .bool { return plain }
    if element.isFloat {
      return op == .modulo ? .call(library.floatModulo(element, 1), [a, b]) : plain
    }
    switch op {
    case .divide, .modulo:
      // Only a divisor of −1 can overflow.
      if case .integer(let v, _) = y, v > 0 || v < -1 { return .cast(type, plain) }
      return .call(library.quotient(op, element, 1), [a, b])
    case .and, .or, .xor, .shiftRight: return element.bitCount < 32 ? .cast(type, plain) : plain
    case .shiftLeft:
      return .cast(type, .binary(.shiftLeft, unsigned(a, element), b))
    default: break
    }
    if element.bitCount < 32 {
      // Products of u16 do not fit the `int` that they are promoted to.
      guard element == .u16, op == .multiply else { return .cast(type, plain) }
      return .cast(type, .binary(symbol, unsigned(a, element), b))
    }
    if element.kind == .unsigned { return plain }
    if let p = IntegerInterval.of(x), let q = IntegerInterval.of(y),
      let result = IntegerInterval.binary(op, p, q),
      let whole = element.integerRange, result.lowerBound >= whole.lowerBound,
      result.upperBound <= whole.upperBound
    {
      return plain
    }
    return .cast(type, .binary(symbol, unsigned(a, element), unsigned(b, element)))
  }

  private mutating func convert(
    _ x: Expression, to element: ElementType, _ mode: ConversionMode
  ) -> CExpr {
    let from = x.type.element
    if let (number, zero) = Self.rounded(x, to: element) {
      let a = value(number)
      let z = zero.map { value($0) } ?? .integer(0)
      return .call(library.round(to: element), [a, z])
    }
    var a = value(x)
    if from == element { return a }
    if element == .bool {
      return .binary(.notEqual, a, small(0, from))
    }
    if from.isFloat, element.isInteger {
      return .call(library.truncate(from, to: element, 1), [a])
    }
    if mode == .saturating, from.isInteger, element.isInteger,
      let clamp = library.clamp(from, to: element, 1)
    {
      a = .call(clamp, [a])
    }
    return .cast(.named(RuntimeLibrary.scalar(element)), a)
  }

  /// The number and the zero point of `round(number) + zero`, which is about to become a narrow integer.
  private static func rounded(
    _ x: Expression, to element: ElementType
  ) -> (number: Expression, zero: Expression?)? {
    guard x.type == ValueType(.f32), element.isInteger, element.bitCount <= 16 else { return nil }
    switch x {
    case .unary(.roundEven, let number): return (number, nil)
    case .binary(.add, .unary(.roundEven, let number), .convert(let zero, _, _))
    where zero.type.element.isInteger && zero.type.element.bitCount <= 16:
      return (number, zero)
    default: return nil
    }
  }

  private mutating func horizontal(_ op: HorizontalOperator, _ x: Expression) -> CExpr {
    let type = x.type
    if type.lanes == 1 { return value(x) }
    guard type.element == .bool else {
      let a = vector(x)
      return .call(library.horizontal(op, type.element, type.lanes), [a])
    }
    // A mask is −1 where it holds: all of its lanes if the largest is −1, any if the smallest is.
    let a = mask(x, bits: 32)
    let other: HorizontalOperator = op == .minimum ? .maximum : .minimum
    let joined = CExpr.call(library.horizontal(other, .i32, type.lanes), [a])
    return .binary(.notEqual, joined, .integer(0))
  }

  /// A target primitive on numbers or vectors.
  mutating func primitive(_ primitive: Primitive, _ operands: [Expression]) -> CExpr {
    if primitive == .multiplyAdd, let number = spreadNumber(operands[0]) {
      let type = operands[0].type
      let function = library.multiplyAddNumber(type.element, type.lanes)
      return .call(function, [number, vector(operands[1]), vector(operands[2])])
    }
    let type = operands[operands.count - 1].type
    let function: String
    switch primitive {
    case .multiplyAdd: function = library.multiplyAdd(type.element, type.lanes)
    case .dot4:
      let (left, right) = (operands[0].type.element, operands[1].type.element)
      function = library.dot4(left, right, type.lanes)
    case .dot2: function = usesWords ? library.wordDot() : library.dot2(type.lanes)
    case .dotAcross:
      function = library.dotAcross(operands[0].type.element, operands[0].type.lanes)
    case .addEven, .addOdd: return half(operands[0], primitive == .addOdd, plus: operands[1])
    case .populationCount: function = library.populationCount(type.element, type.lanes)
    }
    return .call(function, operands.map { value($0) })
  }

  /// The even or odd bytes of a vector widened, plus what is not plainly 0.
  private mutating func half(_ bytes: Expression, _ isOdd: Bool, plus sum: Expression) -> CExpr {
    let a = value(bytes)
    let (element, lanes) = (bytes.type.element, sum.type.lanes)
    if case .integer(0, _) = sum {
      return .call(library.half(element, lanes, isOdd: isOdd), [a])
    }
    let c = value(sum)
    return .call(library.half(element, lanes, isOdd: isOdd, isSum: true), [a, c])
  }
}

// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

extension KernelTranslator {
  /// A vector of numbers as C.
  mutating func vector(_ expression: Expression) -> CExpr {
    let type = expression.type
    switch expression {
    case .float(let v, let type):
      return .call(library.splat(type.element, type.lanes), [literal(v, type.element)])
    case .integer(let v, let type):
      return .call(library.splat(type.element, type.lanes), [literal(v, type.element)])
    case .local(let local):
      guard spreadLocals.contains(local.id) else { return name(of: local) }
      return .call(library.splat(type.element, type.lanes), [name(of: local)])
    case .register(let array, let indices): return element(array, indices)
    case .load(let access, let lanes): return load(access, lanes)
    case .unary(let op, let x): return unary(op, x, type)
    case .binary(let op, let x, let y): return binary(op, x, y, type)
    case .select(let condition, let x, let y):
      let m = mask(condition, bits: type.element.bitCount)
      let a = vector(x)
      let b = vector(y)
      return .call(library.select(type.element, type.lanes), [m, a, b])
    case .convert(let x, let element, let mode): return convert(x, to: element, mode)
    case .reinterpret(let x, _): return cast(vector(x), type)
    case .splat(let x, let lanes):
      let a = value(x)
      if x.type.lanes > 1 {
        return .call(library.splat(type.element, group: x.type.lanes, lanes), [a])
      }
      return .call(library.splat(type.element, lanes), [a])
    case .primitive(let primitive, let operands): return self.primitive(primitive, operands)
    case .index, .horizontal: return value(expression)
    }
  }

  private mutating func unary(_ op: UnaryOperator, _ x: Expression, _ type: ValueType) -> CExpr {
    let a = vector(x)
    switch op {
    case .negate:
      if type.element.kind == .signed {
        return cast(.unary(.negate, cast(a, unsigned: type)), type)
      }
      return .unary(.negate, a)
    case .bitwiseNot: return .unary(.complement, a)
    case .absolute: return .call(library.absolute(type.element, type.lanes), [a])
    default: return .call(library.math(op, type.element, type.lanes), [a])
    }
  }

  private mutating func cast(_ a: CExpr, _ type: ValueType) -> CExpr {
    .cast(.named(library.vector(type.element, type.lanes)), a)
  }

  private mutating func cast(_ a: CExpr, unsigned type: ValueType) -> CExpr {
    .cast(.named(library.vector(RuntimeLibrary.unsigned(type.element.bitCount), type.lanes)), a)
  }

  private mutating func binary(
    _ op: BinaryOperator, _ x: Expression, _ y: Expression, _ type: ValueType
  ) -> CExpr {
    let a = vector(x)
    let b = vector(y)
    let (element, lanes) = (type.element, type.lanes)
    guard let symbol = Self.symbol(op) else {
      return op == .power
        ? .call(library.power(element, lanes), [a, b])
        : .call(library.extreme(op, element, lanes), [a, b])
    }
    let plain = CExpr.binary(symbol, a, b)
    if element.isFloat {
      return op == .modulo ? .call(library.floatModulo(element, lanes), [a, b]) : plain
    }
    switch op {
    case .divide, .modulo: return .call(library.quotient(op, element, lanes), [a, b])
    case .add, .subtract, .multiply, .shiftLeft:
      if element.kind == .unsigned { return plain }
      return cast(.binary(symbol, cast(a, unsigned: type), cast(b, unsigned: type)), type)
    default: return plain
    }
  }

  private mutating func convert(
    _ x: Expression, to element: ElementType, _ mode: ConversionMode
  ) -> CExpr {
    let from = x.type.element
    let lanes = x.type.lanes
    if from == .bool {
      let m = mask(x, bits: element.bitCount)
      let one = small(1, element)
      let zero = small(0, element)
      let splat = library.splat(element, lanes)
      return .call(
        library.select(element, lanes), [m, .call(splat, [one]), .call(splat, [zero])])
    }
    var a = vector(x)
    if from == element { return a }
    if from.isFloat, element.isInteger {
      return .call(library.truncate(from, to: element, lanes), [a])
    }
    if mode == .saturating, from.isInteger, element.isInteger,
      let clamp = library.clamp(from, to: element, lanes)
    {
      a = .call(clamp, [a])
    }
    if element.isFloat, from.isInteger, from.bitCount < 32 {
      // GCC 12 takes the vector apart if it is to do both steps at once.
      a = .call("__builtin_convertvector", [a, .name(library.vector(.i32, lanes))])
    }
    return .call("__builtin_convertvector", [a, .name(library.vector(element, lanes))])
  }

  /// The number that all lanes of a vector of four floats hold, where it is at hand.
  mutating func spreadNumber(_ expression: Expression) -> CExpr? {
    guard expression.type == Self.spreadType else { return nil }
    switch expression {
    case .local(let local): return spreadLocals.contains(local.id) ? name(of: local) : nil
    case .splat(let x, _): return value(x)
    default: return nil
    }
  }

  /// A vector of `bool` as a mask whose lanes have a width: −1 where it holds, else 0.
  mutating func mask(_ expression: Expression, bits: Int) -> CExpr {
    let lanes = expression.type.lanes
    func resized(_ a: CExpr, from width: Int) -> CExpr {
      width == bits
        ? a : .call("__builtin_convertvector", [a, .name(library.mask(bits: bits, lanes))])
    }
    switch expression {
    case .binary(let op, let x, let y) where x.type.element == .bool:
      let a = mask(x, bits: bits)
      let b = mask(y, bits: bits)
      let notA = CExpr.unary(.complement, a)
      let notB = CExpr.unary(.complement, b)
      switch op {
      case .and, .minimum, .multiply: return .binary(.and, a, b)
      case .or, .maximum: return .binary(.or, a, b)
      case .xor, .notEqual: return .binary(.xor, a, b)
      case .equal: return .unary(.complement, .binary(.xor, a, b))
      case .less: return .binary(.and, notA, b)
      case .lessEqual: return .binary(.or, notA, b)
      case .greater: return .binary(.and, a, notB)
      default: return .binary(.or, a, notB)
      }
    case .binary(let op, let x, let y):
      let width = x.type.element.bitCount
      let a = vector(x)
      let b = vector(y)
      guard let symbol = Self.symbol(op) else { return a }
      return resized(library.comparison(symbol, a, b, x.type.element, lanes), from: width)
    case .unary(.logicalNot, let x): return .unary(.complement, mask(x, bits: bits))
    case .unary(.isNaN, let x):
      let width = x.type.element.bitCount
      let a = vector(x)
      return resized(library.comparison(.notEqual, a, a, x.type.element, lanes), from: width)
    case .convert(let x, _, _):
      if x.type.element == .bool { return mask(x, bits: bits) }
      let width = x.type.element.bitCount
      let a = vector(x)
      let zero = small(0, x.type.element)
      let splat = library.splat(x.type.element, lanes)
      return resized(
        library.comparison(.notEqual, a, .call(splat, [zero]), x.type.element, lanes), from: width)
    case .select(let condition, let x, let y):
      let m = mask(condition, bits: bits)
      let a = mask(x, bits: bits)
      let b = mask(y, bits: bits)
      return .call(library.select(RuntimeLibrary.signed(bits), lanes), [m, a, b])
    case .splat(let x, _):
      let a = value(x)
      let element = RuntimeLibrary.signed(bits)
      let type = CType.named(RuntimeLibrary.scalar(element))
      return .call(library.splat(element, lanes), [.cast(type, .unary(.negate, a))])
    case .integer(let v, _):
      let element = RuntimeLibrary.signed(bits)
      return .call(library.splat(element, lanes), [small(v == 0 ? 0 : -1, element)])
    case .load(let access, let lanes): return resized(load(access, lanes), from: 8)
    case .local(let local): return resized(name(of: local), from: 32)
    case .register(let array, let indices): return resized(element(array, indices), from: 32)
    case .float, .index, .unary, .horizontal, .primitive, .reinterpret: return value(expression)
    }
  }
}

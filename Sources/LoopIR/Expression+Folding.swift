// SPDX-License-Identifier: Apache-2.0
import Tensors

extension Expression {
  /// An integer constant wrapped to the width of its type; other expressions as they are.
  var wrapped: Expression {
    guard case .integer(let value, let type) = self else { return self }
    let folded: Int64
    switch type.element {
    case .i8: folded = Int64(Int8(truncatingIfNeeded: value))
    case .u8: folded = Int64(UInt8(truncatingIfNeeded: value))
    case .i16: folded = Int64(Int16(truncatingIfNeeded: value))
    case .u16: folded = Int64(UInt16(truncatingIfNeeded: value))
    case .i32: folded = Int64(Int32(truncatingIfNeeded: value))
    case .u32: folded = Int64(UInt32(truncatingIfNeeded: value))
    case .bool: folded = value == 0 ? 0 : 1
    default: folded = value
    }
    return .integer(folded, type)
  }

  /// The expression by one step simpler, its operands being folded: integers are computed, and floats
  /// only lose factors of one and what does not touch their bits.
  var folded: Expression {
    switch self {
    case .binary(let op, let x, let y): return Self.folded(op, x, y)
    case .select(.integer(let condition, let type), let x, let y)
    where type.lanes == 1 || x.type.lanes == type.lanes:
      return condition != 0 ? x : y
    case .select(_, let x, let y) where x == y: return x
    case .convert(let x, let element, _) where x.type.element == element: return x
    case .convert(.integer(let value, let type), let element, .wrapping)
    where element.isInteger && type.element != .u64:
      return Expression.integer(value, ValueType(element, lanes: type.lanes)).wrapped
    case .splat(let x, let lanes) where x.type.lanes == lanes: return x
    case .splat(.float(let value, let type), let lanes):
      return .float(value, ValueType(type.element, lanes: lanes))
    case .splat(.integer(let value, let type), let lanes):
      return .integer(value, ValueType(type.element, lanes: lanes))
    case .horizontal(_, let x) where x.type.lanes == 1: return x
    case .unary(.logicalNot, .unary(.logicalNot, let x)): return x
    case .unary(.logicalNot, .integer(let value, let type)):
      return .integer(value == 0 ? 1 : 0, type)
    case .unary(.negate, .integer(let value, let type)):
      return Expression.integer(0 &- value, type).wrapped
    case .unary(.negate, .float(let value, let type)): return .float(-value, type)
    default: return self
    }
  }

  private static func folded(
    _ op: BinaryOperator, _ x: Expression, _ y: Expression
  ) -> Expression {
    if case .integer(let a, let type) = x, case .integer(let b, _) = y {
      return integers(op, a, b, type) ?? .binary(op, x, y)
    }
    if case .float(let a, let type) = x, case .float(let b, _) = y, op.isComparison {
      let holds = compare(op, type.element == .f32 ? Double(Float(a)) : a,
        type.element == .f32 ? Double(Float(b)) : b)
      return .integer(holds ? 1 : 0, ValueType(.bool, lanes: type.lanes))
    }
    switch (op, x, y) {
    // A float times or by one keeps its bits, and so does one minus +0.
    case (.multiply, _, .float(1, _)), (.divide, _, .float(1, _)): return x
    case (.multiply, .float(1, _), _): return y
    case (.subtract, _, .float(let zero, _)) where zero == 0 && zero.sign == .plus: return x
    case (.add, _, .float(let zero, _)) where zero == 0 && zero.sign == .minus: return x
    case (.add, _, .integer(0, _)), (.subtract, _, .integer(0, _)), (.or, _, .integer(0, _)),
      (.xor, _, .integer(0, _)), (.shiftLeft, _, .integer(0, _)),
      (.shiftRight, _, .integer(0, _)), (.multiply, _, .integer(1, _)),
      (.divide, _, .integer(1, _)):
      return x
    case (.add, .integer(0, _), _), (.or, .integer(0, _), _), (.xor, .integer(0, _), _),
      (.multiply, .integer(1, _), _):
      return y
    case (.multiply, _, .integer(0, _)), (.and, _, .integer(0, _)): return y
    case (.multiply, .integer(0, _), _), (.and, .integer(0, _), _): return x
    default: return .binary(op, x, y)
    }
  }

  private static func compare<Number: Comparable>(
    _ op: BinaryOperator, _ a: Number, _ b: Number
  ) -> Bool {
    switch op {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessEqual: a <= b
    case .greater: a > b
    default: a >= b
    }
  }

  /// Integers computed in 64 bits and wrapped, or nil where that is not the meaning.
  private static func integers(
    _ op: BinaryOperator, _ a: Int64, _ b: Int64, _ type: ValueType
  ) -> Expression? {
    let isUnsigned64 = type.element == .u64
    if op.isComparison {
      let holds =
        isUnsigned64
        ? compare(op, UInt64(bitPattern: a), UInt64(bitPattern: b)) : compare(op, a, b)
      return .integer(holds ? 1 : 0, ValueType(.bool, lanes: type.lanes))
    }
    let value: Int64
    switch op {
    case .add: value = a &+ b
    case .subtract: value = a &- b
    case .multiply: value = a &* b
    case .and: value = a & b
    case .or: value = a | b
    case .xor: value = a ^ b
    case .minimum where !isUnsigned64: value = min(a, b)
    case .maximum where !isUnsigned64: value = max(a, b)
    case .divide where !isUnsigned64 && b > 0: value = a / b
    case .modulo where !isUnsigned64 && b > 0: value = a % b
    default: return nil
    }
    return Expression.integer(value, type).wrapped
  }
}

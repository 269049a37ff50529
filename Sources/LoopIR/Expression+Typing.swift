// SPDX-License-Identifier: Apache-2.0
public import Tensors

extension Expression {
  /// What is wrong with the types of the direct operands; nil if they agree.
  var typeError: String? {
    switch self {
    case .float(_, let type): return type.element.isFloat ? nil : "a float constant of \(type)"
    case .integer(_, let type): return type.element.isFloat ? "an integer of \(type)" : nil
    case .local, .register, .load, .index: return nil
    case .unary(let op, let x):
      return op.takes(x.type.element) ? nil : "\(op.rawValue) of \(x.type)"
    case .binary(let op, let x, let y):
      if x.type != y.type { return "\(op.rawValue) of \(x.type) and \(y.type)" }
      return op.takes(x.type.element) ? nil : "\(op.rawValue) of \(x.type)"
    case .select(let condition, let x, let y):
      if x.type != y.type { return "select of \(x.type) and \(y.type)" }
      return condition.type == ValueType(.bool, lanes: x.type.lanes)
        ? nil : "select of \(x.type) by \(condition.type)"
    case .convert(_, let element, _):
      return element == element.computed ? nil : "a conversion to \(element)"
    case .reinterpret(let x, let element):
      return element == element.computed && element.bitCount == x.type.element.bitCount
        ? nil : "the bits of \(x.type) as \(element)"
    case .splat(let x, let lanes):
      let isGroup = x.type.lanes * x.type.element.bitCount <= 64 && x.type.element != .bool
      return x.type.lanes == 1 || isGroup && lanes % x.type.lanes == 0 ? nil : "splat of \(x.type)"
    case .horizontal(let op, let x):
      return op == .add && x.type.element == .bool ? "a sum of \(x.type)" : nil
    case .primitive(let primitive, let operands): return primitive.typeError(operands.map(\.type))
    }
  }
}

extension UnaryOperator {
  /// Whether it is defined on an element type.
  public func takes(_ element: ElementType) -> Bool {
    switch self {
    case .negate, .absolute: element != .bool
    case .logicalNot: element == .bool
    case .bitwiseNot: element.isInteger
    case .squareRoot, .exp, .log, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .tanh,
      .asinh, .acosh, .atanh, .erf, .floor, .ceil, .roundEven, .isNaN:
      element.isFloat
    }
  }
}

extension BinaryOperator {
  /// Whether it is defined on an element type.
  public func takes(_ element: ElementType) -> Bool {
    switch self {
    case .add, .subtract, .multiply, .divide, .modulo, .power: element != .bool
    case .and, .or, .xor: !element.isFloat
    case .shiftLeft, .shiftRight: element.isInteger
    case .minimum, .maximum, .equal, .notEqual, .less, .lessEqual, .greater, .greaterEqual: true
    }
  }
}

extension Primitive {
  /// What is wrong with the types of the operands; nil if they agree.
  fileprivate func typeError(_ types: [ValueType]) -> String? {
    let isRight: Bool
    switch self {
    case .multiplyAdd:
      isRight = types.count == 3 && types[0].element.isFloat
        && types.allSatisfy { $0 == types[0] }
    case .dot4:
      isRight = types.count == 3 && types[2].element == .i32
        && types[..<2].allSatisfy {
          ($0.element == .i8 || $0.element == .u8) && $0.lanes == 4 * types[2].lanes
        }
    case .dot2:
      isRight = types.count == 3 && types[2].element == .i32
        && types[..<2].allSatisfy { $0 == ValueType(.i16, lanes: 2 * types[2].lanes) }
    case .dotAcross:
      isRight = types.count == 3 && types[2] == ValueType(.i32) && types[0] == types[1]
        && [.i8, .u8, .i16].contains(types[0].element)
    case .addEven, .addOdd:
      isRight = types.count == 2 && types[1].element == .i16
        && (types[0].element == .i8 || types[0].element == .u8)
        && types[0].lanes == 2 * types[1].lanes
    case .populationCount:
      isRight = types.count == 1 && (types[0].element == .u32 || types[0].element == .u64)
    }
    return isRight ? nil : "\(rawValue) of \(types.map(\.description).joined(separator: ", "))"
  }
}

// SPDX-License-Identifier: Apache-2.0

/// A C expression. Parentheses are the printer's affair.
indirect enum CExpr: Hashable, Sendable {
  case name(String)
  case literal(CLiteral)
  case call(String, [CExpr])
  case unary(CUnary, CExpr)
  case binary(CBinary, CExpr, CExpr)
  case conditional(CExpr, CExpr, CExpr)
  case cast(CType, CExpr)
  case subscripted(CExpr, [CExpr])

  /// An `int` constant, or a wider one if the value asks for it.
  static func integer(_ value: Int) -> CExpr {
    .literal(
      Int32(exactly: value) == nil ? .signed64(Int64(value)) : .signed(Int64(value)))
  }

  static func + (a: CExpr, b: CExpr) -> CExpr { .binary(.add, a, b) }
  static func - (a: CExpr, b: CExpr) -> CExpr { .binary(.subtract, a, b) }
  static func * (a: CExpr, b: CExpr) -> CExpr { .binary(.multiply, a, b) }
}

/// A prefix operator.
enum CUnary: String, Sendable {
  case negate = "-"
  case complement = "~"
  case not = "!"
  case dereference = "*"
  case address = "&"
}

/// An operator between two operands.
enum CBinary: String, Sendable {
  case multiply = "*"
  case divide = "/"
  case modulo = "%"
  case add = "+"
  case subtract = "-"
  case shiftLeft = "<<"
  case shiftRight = ">>"
  case less = "<"
  case lessEqual = "<="
  case greater = ">"
  case greaterEqual = ">="
  case equal = "=="
  case notEqual = "!="
  case and = "&"
  case xor = "^"
  case or = "|"
  case bothHold = "&&"
  case oneHolds = "||"

  /// How tightly it binds; larger is tighter.
  var precedence: Int {
    switch self {
    case .multiply, .divide, .modulo: 13
    case .add, .subtract: 12
    case .shiftLeft, .shiftRight: 11
    case .less, .lessEqual, .greater, .greaterEqual: 10
    case .equal, .notEqual: 9
    case .and: 8
    case .xor: 7
    case .or: 6
    case .bothHold: 5
    case .oneHolds: 4
    }
  }

  /// Whether it is one of `+ - * / %`, whose nesting every reader and compiler takes without
  /// parentheses.
  var isArithmetic: Bool { precedence >= 12 }
  /// Whether it compares.
  var isComparison: Bool { precedence == 9 || precedence == 10 }
}

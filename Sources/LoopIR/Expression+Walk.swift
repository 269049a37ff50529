// SPDX-License-Identifier: Apache-2.0

extension Expression {
  /// The expressions that it is made of directly.
  public var operands: [Expression] {
    switch self {
    case .float, .integer, .local, .register, .load, .index: []
    case .unary(_, let x), .convert(let x, _, _), .splat(let x, _), .horizontal(_, let x),
      .reinterpret(let x, _): [x]
    case .binary(_, let x, let y): [x, y]
    case .select(let condition, let x, let y): [condition, x, y]
    case .primitive(_, let operands): operands
    }
  }

  /// Calls `body` with the expression and all its parts, itself first.
  public func forEach(_ body: (Expression) -> Void) {
    body(self)
    for operand in operands { operand.forEach(body) }
  }

  /// The number of expressions in it, itself included.
  public var nodeCount: Int { operands.reduce(1) { $0 + $1.nodeCount } }

  /// The expression with its direct operands replaced by what `body` makes of them.
  public func mapOperands(_ body: (Expression) -> Expression) -> Expression {
    switch self {
    case .float, .integer, .local, .register, .load, .index: self
    case .unary(let op, let x): .unary(op, body(x))
    case .convert(let x, let element, let mode): .convert(body(x), to: element, mode)
    case .reinterpret(let x, let element): .reinterpret(body(x), to: element)
    case .splat(let x, let lanes): .splat(body(x), lanes: lanes)
    case .horizontal(let op, let x): .horizontal(op, body(x))
    case .binary(let op, let x, let y): .binary(op, body(x), body(y))
    case .select(let condition, let x, let y): .select(body(condition), body(x), body(y))
    case .primitive(let primitive, let operands): .primitive(primitive, operands.map(body))
    }
  }

  /// The index in it, if it is a load, a register or an index itself.
  public var indices: [Index] {
    switch self {
    case .register(_, let indices): indices
    case .load(let access, _): [access.index]
    case .index(let index, _): [index]
    default: []
    }
  }
}

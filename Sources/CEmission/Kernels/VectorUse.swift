// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// What a kernel has of several lanes.
enum VectorUse: Comparable {
  case none
  /// The numbers in 32 bits of a register, and of them only what plain C says: loads, stores, constants, widening, sums of products.
  case words
  /// Vectors, as compilers extend C by them.
  case vectors
}

extension Kernel {
  /// What it has of several lanes.
  var vectorUse: VectorUse {
    func use(_ body: [Statement]) -> VectorUse {
      body.reduce(.none) { known, statement in
        switch statement {
        case .loop(let loop): max(known, use(loop.body))
        case .bind(_, let value): max(known, use(value))
        case .store(let access, let value):
          max(
            known, use(value),
            value.type.lanes > 1 && access.element != value.type.element ? .vectors : .none)
        case .declare(_, let value), .set(_, _, let value):
          max(known, use(value), value.type.lanes > 1 ? .vectors : .none)
        case .branch(let condition, let first, let second):
          max(known, use(condition), use(first), use(second))
        case .note: known
        }
      }
    }
    func use(_ value: Expression) -> VectorUse {
      value.operands.reduce(value.ownUse) { max($0, use($1)) }
    }
    return use(body)
  }
}

extension Expression {
  /// What it is itself, apart from its operands.
  fileprivate var ownUse: VectorUse {
    guard type.lanes > 1 else {
      if case .primitive(.dot2, _) = self { return .words }
      return operands.contains { $0.type.lanes > 1 } ? .vectors : .none
    }
    guard type.lanes * type.element.bitCount == 32 else { return .vectors }
    switch self {
    case .load(let access, _): return access.element == type.element ? .words : .vectors
    case .integer, .local, .primitive(.addEven, _), .primitive(.addOdd, _): return .words
    default: return .vectors
    }
  }
}

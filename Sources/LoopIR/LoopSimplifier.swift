// SPDX-License-Identifier: Apache-2.0

extension Kernel {
  /// The kernel without what does nothing: constants are folded (of floats only what is exact whatever
  /// the other operand is), branches on constants and loops without or with one turn are resolved, and
  /// names and register arrays that nobody reads are dropped. Results stay the same bit for bit.
  public func simplified() -> Kernel {
    var kernel = self
    var folder = LoopFolder()
    kernel.body = folder.fold(kernel.body)
    while true {
      var uses = LoopUses()
      uses.collect(kernel.body)
      kernel.body = uses.pruned(kernel.body)
      // Not told by comparing bodies: one that holds a not-a-number differs from itself.
      if !uses.hasPruned { return kernel }
    }
  }
}

/// Folds expressions and control flow.
private struct LoopFolder {
  /// Counters of loops with a single turn.
  private var counters: [Int: Index] = [:]

  mutating func fold(_ body: [Statement]) -> [Statement] {
    var result: [Statement] = []
    for statement in body {
      switch statement {
      case .note: result.append(statement)
      case .bind(let local, let value): result.append(.bind(local, fold(value)))
      case .declare(let array, let value): result.append(.declare(array, fold(value)))
      case .set(let array, let indices, let value):
        result.append(.set(array, indices.map(substituted), fold(value)))
      case .store(let access, let value):
        result.append(
          .store(
            Access(
              parameter: access.parameter, element: access.element,
              index: substituted(access.index)),
            fold(value)))
      case .branch(let condition, let first, let second):
        let condition = fold(condition)
        // A block keeps its names apart, so its statements may stand in the block around.
        if case .integer(let value, _) = condition {
          result += fold(value != 0 ? first : second)
          continue
        }
        let first = fold(first)
        let second = fold(second)
        if first.isEmpty, second.isEmpty { continue }
        result.append(
          first.isEmpty
            ? .branch(.unary(.logicalNot, condition), then: second, else: [])
            : .branch(condition, then: first, else: second))
      case .loop(let loop): result += fold(loop)
      }
    }
    return result
  }

  private mutating func fold(_ loop: Loop) -> [Statement] {
    var loop = loop
    loop.lower = Bound(loop.lower.indices.map(substituted))
    loop.upper = Bound(loop.upper.indices.map(substituted))
    if let from = loop.lower.constantValue, let to = loop.upper.constantValue {
      if to <= from { return [] }
      if to - from == 1 {
        counters[loop.variable.id] = Index(from)
        return fold(loop.body)
      }
    }
    loop.body = fold(loop.body)
    return loop.body.isEmpty ? [] : [.loop(loop)]
  }

  private func substituted(_ index: Index) -> Index {
    counters.isEmpty ? index : index.substituting { counters[$0.id] }
  }

  private func fold(_ expression: Expression) -> Expression {
    switch expression {
    case .register(let array, let indices):
      return .register(array, indices.map(substituted))
    case .load(let access, let lanes):
      return .load(
        Access(
          parameter: access.parameter, element: access.element, index: substituted(access.index)),
        lanes: lanes)
    case .index(let index, let element):
      let index = substituted(index)
      if let value = index.constantValue {
        return .integer(Int64(value), ValueType(element)).wrapped
      }
      return .index(index, element)
    default: return expression.mapOperands(fold).folded
    }
  }
}

/// What a kernel reads.
private struct LoopUses {
  private var locals: Set<Int> = []
  private var arrays: Set<Int> = []
  /// Whether something was left out by `pruned`.
  private(set) var hasPruned = false

  mutating func collect(_ body: [Statement]) {
    for statement in body {
      switch statement {
      case .note: break
      case .bind(_, let value), .declare(_, let value): collect(value)
      case .set(_, let indices, let value):
        for index in indices { collect(index) }
        collect(value)
      case .store(let access, let value):
        collect(access.index)
        collect(value)
      case .branch(let condition, let first, let second):
        collect(condition)
        collect(first)
        collect(second)
      case .loop(let loop):
        for index in loop.lower.indices + loop.upper.indices { collect(index) }
        collect(loop.body)
      }
    }
  }

  private mutating func collect(_ value: Expression) {
    switch value {
    case .local(let local): locals.insert(local.id)
    case .register(let array, _): arrays.insert(array.id)
    default: break
    }
    for index in value.indices { collect(index) }
    for operand in value.operands { collect(operand) }
  }

  private mutating func collect(_ index: Index) {
    for term in index.terms {
      switch term.atom {
      case .loop: break
      case .local(let local): locals.insert(local.id)
      case .quotient(let inner, _), .remainder(let inner, _): collect(inner)
      }
    }
  }

  /// The statements without those that make or set what is never read, and without blocks that became
  /// empty. Expressions have no effects.
  mutating func pruned(_ body: [Statement]) -> [Statement] {
    var result: [Statement] = []
    for statement in body {
      switch statement {
      case .bind(let local, _) where !locals.contains(local.id): continue
      case .declare(let array, _) where !arrays.contains(array.id): continue
      case .set(let array, _, _) where !arrays.contains(array.id): continue
      case .loop(var loop):
        loop.body = pruned(loop.body)
        if loop.body.contains(where: \.isWork) { result.append(.loop(loop)) }
      case .branch(let condition, let first, let second):
        let (first, second) = (pruned(first), pruned(second))
        if (first + second).contains(where: \.isWork) {
          result.append(.branch(condition, then: first, else: second))
        }
      default: result.append(statement)
      }
    }
    hasPruned = hasPruned || result.count < body.count
    return result
  }
}

extension Statement {
  /// Whether it is more than a remark.
  fileprivate var isWork: Bool {
    if case .note = self { false } else { true }
  }
}

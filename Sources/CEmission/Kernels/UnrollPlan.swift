// SPDX-License-Identifier: Apache-2.0
import LoopIR

/// Which unrolled loops of a kernel are written out in C, and which register arrays thereby become plain
/// variables, one for each element.
struct UnrollPlan {
  /// The most expression nodes that a loop may become when it is written out; larger ones are left to
  /// the compiler, with a pragma.
  static let nodeLimit = 6000

  /// The counters of the loops that are written out.
  private(set) var expanded: Set<Int> = []
  /// The register arrays of which each element is a variable.
  private(set) var scalarized: Set<Int> = []

  /// The plan for a kernel.
  init(_ kernel: Kernel) {
    _ = size(kernel.body)
    var arrays: Set<Int> = []
    var indexed: Set<Int> = []
    collect(kernel.body, &arrays, &indexed)
    scalarized = arrays.subtracting(indexed)
  }

  private mutating func size(_ body: [Statement]) -> Int {
    var sum = 0
    for statement in body {
      switch statement {
      case .loop(let loop):
        let inner = size(loop.body)
        guard loop.kind == .unrolled, let a = loop.lower.constantValue,
          let b = loop.upper.constantValue, (b - a).multipliedReportingOverflow(by: inner)
            .partialValue <= Self.nodeLimit, b - a <= Self.nodeLimit
        else {
          sum += inner + 1
          continue
        }
        expanded.insert(loop.variable.id)
        sum += max(0, b - a) * inner
      case .bind(_, let value), .declare(_, let value), .set(_, _, let value),
        .store(_, let value):
        sum += 1 + value.nodeCount
      case .branch(let condition, let first, let second):
        sum += condition.nodeCount + size(first) + size(second)
      case .note: break
      }
    }
    return min(sum, 1 << 30)
  }

  /// Finds all arrays, and those with an index that stays variable.
  private func collect(
    _ body: [Statement], _ arrays: inout Set<Int>, _ indexed: inout Set<Int>
  ) {
    for statement in body {
      switch statement {
      case .loop(let loop): collect(loop.body, &arrays, &indexed)
      case .declare(let array, let value):
        arrays.insert(array.id)
        note(value, &indexed)
      case .set(let array, let indices, let value):
        note(array, indices, &indexed)
        note(value, &indexed)
      case .bind(_, let value), .store(_, let value): note(value, &indexed)
      case .branch(let condition, let first, let second):
        note(condition, &indexed)
        collect(first, &arrays, &indexed)
        collect(second, &arrays, &indexed)
      case .note: break
      }
    }
  }

  private func note(_ value: Expression, _ indexed: inout Set<Int>) {
    value.forEach { part in
      if case .register(let array, let indices) = part { note(array, indices, &indexed) }
    }
  }

  private func note(_ array: RegisterArray, _ indices: [Index], _ indexed: inout Set<Int>) {
    if !indices.allSatisfy(isConstant) { indexed.insert(array.id) }
  }

  /// Whether an index is a number once the loops are written out.
  private func isConstant(_ index: Index) -> Bool {
    index.terms.allSatisfy { term in
      switch term.atom {
      case .loop(let variable): expanded.contains(variable.id)
      case .local: false
      case .quotient(let inner, _), .remainder(let inner, _): isConstant(inner)
      }
    }
  }
}

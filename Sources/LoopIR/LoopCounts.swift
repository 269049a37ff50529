// SPDX-License-Identifier: Apache-2.0

/// How often a kernel does what, summed over the turns of its loops; vectors count by their lanes. Loops
/// whose bounds are computed count with the whole range of their counter, so it is an upper bound there,
/// and of a branch the dearer block counts.
public struct LoopCounts: Hashable, Sendable {
  /// Multiplications, alone or with an addition: those of `multiplyAdd` and the dot products included.
  public var multiplies = 0
  /// Elements read from memory.
  public var loads = 0
  /// Elements written to memory.
  public var stores = 0
  /// Calls of exp, tanh and the like.
  public var functions = 0

  /// Nothing.
  public init() {}

  /// The counts of a kernel.
  public init(_ kernel: Kernel) { self = Self.count(kernel.body) }

  /// The counts of all steps of a program.
  public init(_ program: Program) {
    let kernels = program.kernels.map { LoopCounts($0) }
    for step in program.steps { self = adding(kernels[step.kernel], times: 1) }
  }

  private func adding(_ other: LoopCounts, times: Int) -> LoopCounts {
    var sum = self
    func add(_ path: WritableKeyPath<LoopCounts, Int>) {
      let (product, overflow) = other[keyPath: path].multipliedReportingOverflow(by: times)
      let (total, second) = sum[keyPath: path].addingReportingOverflow(product)
      sum[keyPath: path] = overflow || second ? .max : total
    }
    add(\.multiplies)
    add(\.loads)
    add(\.stores)
    add(\.functions)
    return sum
  }

  private static func count(_ body: [Statement]) -> LoopCounts {
    var sum = LoopCounts()
    for statement in body {
      switch statement {
      case .note: break
      case .bind(_, let value), .declare(_, let value), .set(_, _, let value): sum.add(value)
      case .store(_, let value):
        sum.add(value)
        sum.stores += value.type.lanes
      case .branch(let condition, let first, let second):
        sum.add(condition)
        let a = count(first)
        let b = count(second)
        sum = sum.adding(a.weight >= b.weight ? a : b, times: 1)
      case .loop(let loop):
        let turns: Int
        if let from = loop.lower.constantValue, let to = loop.upper.constantValue {
          turns = max(0, to - from)
        } else {
          turns = loop.variable.range.upperBound - loop.variable.range.lowerBound + 1
        }
        sum = sum.adding(count(loop.body), times: turns)
      }
    }
    return sum
  }

  private var weight: Int { multiplies &+ loads &+ stores &+ functions }

  private mutating func add(_ expression: Expression) {
    expression.forEach { part in
      switch part {
      case .load(_, let lanes): loads += lanes
      case .binary(.multiply, let x, _): multiplies += x.type.lanes
      case .primitive(.multiplyAdd, let operands): multiplies += operands[2].type.lanes
      case .primitive(.dot4, let operands), .primitive(.dot2, let operands),
        .primitive(.dotAcross, let operands):
        multiplies += operands[0].type.lanes
      case .unary(let op, let x) where op.isFunction: functions += x.type.lanes
      case .binary(.power, let x, _): functions += x.type.lanes
      default: break
      }
    }
  }
}

extension UnaryOperator {
  /// Whether it is a function of the mathematical library, not an instruction.
  public var isFunction: Bool {
    switch self {
    case .exp, .log, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .tanh, .asinh, .acosh,
      .atanh, .erf:
      true
    case .negate, .absolute, .squareRoot, .floor, .ceil, .roundEven, .logicalNot, .bitwiseNot,
      .isNaN:
      false
    }
  }
}

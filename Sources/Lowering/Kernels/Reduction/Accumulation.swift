// SPDX-License-Identifier: Apache-2.0
import LoopIR
import Tensors

/// How the numbers of a reduction are joined to one.
struct Accumulation {
  /// What joining starts with, a single number.
  let initial: Expression
  /// The sum so far and one more number.
  let join: (Expression, Expression) -> Expression
  /// The lanes of a vector of sums as one number; nil where vectors cannot be joined.
  let across: ((Expression) -> Expression)?

  /// Σ.
  static func sum(_ element: ElementType) -> Accumulation {
    Accumulation(
      initial: .constant(0, like: ValueType(element)), join: { $0 + $1 },
      across: { .horizontal(.add, $0) })
  }

  /// Π.
  static func product(_ element: ElementType) -> Accumulation {
    Accumulation(
      initial: .constant(1, like: ValueType(element)), join: { $0 * $1 }, across: nil)
  }

  /// The largest or smallest; a NaN anywhere is the result, unless it is known that nobody cares.
  static func extreme(
    _ op: BinaryOperator, initial: Expression, keepsNaN: Bool = true
  ) -> Accumulation {
    let across: HorizontalOperator = op == .maximum ? .maximum : .minimum
    guard initial.type.element.isFloat, keepsNaN else {
      return Accumulation(
        initial: initial, join: { .binary(op, $0, $1) }, across: { .horizontal(across, $0) })
    }
    return Accumulation(
      initial: initial,
      join: { .select(.unary(.isNaN, $1), $1, .binary(op, $0, $1)) },
      across: { lanes in
        .select(
          .horizontal(.maximum, .unary(.isNaN, lanes)),
          .float(.nan, ValueType(lanes.type.element)), .horizontal(across, lanes))
      })
  }
}

extension ReductionNest {
  /// Sums side by side, so that one does not wait for the other.
  private static let partialSums = 4
  /// Turns after which a partial sum is put to the others, so that rounding errors do not pile up.
  private static let longestRun = 1024

  /// Joins what `value` gives at all reduced positions of a kept one.
  func accumulate(
    _ k: inout KernelBuilder, at kept: [Index], lanes: Int, _ how: Accumulation,
    _ value: (inout KernelBuilder, [Index], Int) -> Expression
  ) -> Expression {
    let reduced = isReduced.indices.filter { isReduced[$0] }
    guard let inner = reduced.last else {
      return k.bind(
        "sum", how.join(how.initial.splat(lanes), value(&k, merged.coordinates(kept), lanes)))
    }
    let total = k.registers("total", initial: how.initial.splat(lanes))
    func add(_ k: inout KernelBuilder, _ part: Expression) {
      k.set(total, how.join(.register(total, []), part))
    }
    func nest(_ k: inout KernelBuilder, _ rest: ArraySlice<Int>, _ counters: [Index]) {
      if let group = rest.first, rest.count > 1 {
        k.loop("r\(group)", 0..<merged.extent(group)) { k, i in
          var next = counters
          next[group] = i
          nest(&k, rest.dropFirst(), next)
        }
        return
      }
      func at(_ i: Index) -> [Index] {
        var next = counters
        next[inner] = i
        return merged.coordinates(next)
      }
      let extent = merged.extent(inner)
      let isAlong = direction == .along(inner) && how.across != nil
      let width = isAlong ? self.lanes : 1
      let vectors = extent / width
      strips(&k, 0..<vectors, how, lanes: isAlong ? width : lanes) { k, i in
        value(&k, at(i * width), isAlong ? width : lanes)
      } each: { k, sum in
        // Named: `join` reads its operands several times, and so would the C.
        let named = k.bind("lanes", sum)
        add(&k, k.bind("joined", isAlong ? how.across?(named) ?? named : named))
      }
      guard vectors * width < extent else { return }
      k.loop("r\(inner)", vectors * width..<extent) { k, i in
        add(&k, value(&k, at(i), lanes))
      }
    }
    nest(&k, reduced[...], kept)
    return k.bind("sum", .register(total, []))
  }

  /// Joins `turns` values in strips of bounded length.
  private func strips(
    _ k: inout KernelBuilder, _ turns: Range<Int>, _ how: Accumulation, lanes: Int,
    _ value: (inout KernelBuilder, Index) -> Expression,
    each: (inout KernelBuilder, Expression) -> Void
  ) {
    let limit = Self.longestRun
    let long = turns.count > 2 * limit ? turns.count / limit : 0
    func strip(_ k: inout KernelBuilder, _ start: Index, _ count: Int) {
      if count == 0 { return }
      // Compilers put sums of integers side by side themselves, and GCC 12 loses parts of such as
      // are joined behind the loop.
      let isSplit = how.initial.type.element.isFloat && count >= 2 * Self.partialSums
      let sides = isSplit ? Self.partialSums : 1
      let sums = k.registers("acc", [sides], initial: how.initial.splat(lanes))
      func add(_ k: inout KernelBuilder, _ side: Index, _ i: Index) {
        let one = k.bind("v", value(&k, i))
        k.set(sums, [side], how.join(.register(sums, [side]), one))
      }
      k.loop("i", 0..<count / sides) { k, i in
        k.loop("s", 0..<sides, .unrolled) { k, side in add(&k, side, start + i * sides + side) }
      }
      k.loop("i", count / sides * sides..<count) { k, i in add(&k, 0, start + i) }
      let joined = (1..<sides).reduce(Expression.register(sums, [0])) {
        how.join($0, .register(sums, [Index($1)]))
      }
      each(&k, k.bind("sum", joined))
    }
    k.loop("strip", 0..<long) { k, i in strip(&k, i * limit, limit) }
    strip(&k, Index(long * limit), turns.count - long * limit)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
import Tensors

/// The position of the largest or smallest element along an axis, one walk for each position of the
/// others.
public struct ArgReduceLowering: OpLowering {
  public let name = "arg-reduce"
  public let summary = "one walk along the axis that keeps the best element and its position"

  /// The lowering.
  public init() {}

  public func lower(
    _ op: OpRef<ArgReduce>, in context: inout LoweringContext
  ) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      unreachable("a verified arg_reduce has its operand")
    }
    let result = context.result(of: op)
    guard result.layout.type.shape.elementCount > 0 else { return }
    let source = context.graph.type(of: input)
    let definition = op.attributes
    let axis = definition.axis
    var k = KernelBuilder("arg\(definition.kind.rawValue)")
    let x = k.input("x", context.view(of: input))
    let y = k.output("y", result)
    // Narrow counters are cheaper on small machines.
    let counter = source.shape[axis] <= Int(Int32.max) ? ElementType.i32 : .i64
    let kept = source.shape.extents.enumerated().map { $0.offset == axis ? 1 : $0.element }
    k.loops([], kept) { k, position in
      func element(_ i: Index) -> [Index] {
        var position = position
        position[axis] = i
        return position
      }
      let best = k.registers("best", initial: k.load(x, element(0)))
      let winner = k.registers("winner", initial: .integer(0, ValueType(counter)))
      k.loop("r", 1..<max(source.shape[axis], 1)) { k, i in
        let number = k.bind("v", k.load(x, element(i)))
        let isBetter = k.bind("wins", Self.wins(definition, number, .register(best, [])))
        k.set(best, [], .select(isBetter, number, .register(best, [])))
        k.set(winner, [], .select(isBetter, .index(i, counter), .register(winner, [])))
      }
      let place = definition.keepDimensions
        ? position : position.enumerated().filter { $0.offset != axis }.map(\.element)
      k.store(y, place, .register(winner, []).converted(to: .i64))
    }
    context.add(k, [x, y])
  }

  /// Whether a number takes the place of the best one so far.
  private static func wins(
    _ op: ArgReduce, _ new: Expression, _ best: Expression
  ) -> Expression {
    let comparison: BinaryOperator =
      switch (op.kind, op.selectsLast) {
      case (.max, false): .greater
      case (.max, true): .greaterEqual
      case (.min, false): .less
      case (.min, true): .lessEqual
      }
    let isBetter = Expression.binary(comparison, new, best)
    guard new.type.element.isFloat else { return isBetter }
    let isNaN = Expression.unary(.isNaN, new)
    if op.selectsLast { return .binary(.or, isBetter, isNaN) }
    let isFirst = Expression.binary(.and, isNaN, .unary(.logicalNot, .unary(.isNaN, best)))
    return .binary(.or, isBetter, isFirst)
  }
}

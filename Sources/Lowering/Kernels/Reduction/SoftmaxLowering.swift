// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
import Targets
import Tensors

/// Softmax or its logarithm along an axis in three walks: the maximum, the exponentials with their
/// sum, the quotients.
public struct SoftmaxLowering: OpLowering {
  public let name = "softmax"
  public let summary = "three walks along the axis, by vectors along it or across"

  /// The lowering.
  public init() {}

  public func lower(_ op: OpRef<Softmax>, in context: inout LoweringContext) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      unreachable("a verified softmax has its operand")
    }
    let result = context.result(of: op)
    let type = result.layout.type
    guard type.shape.elementCount > 0 else { return }
    var source = context.view(of: input)
    if source.layout.isSplit { source = context.relayout(source, to: .rowMajor(type)) }
    var k = KernelBuilder("softmax")
    let x = k.input("x", source)
    let y = k.output("y", result)
    let nest = ReductionNest(
      x.layout, y.layout, target: { $0 }, axes: [op.axis],
      lanes: type.element == .f32 ? context.target.lanes(32) : 1)
    let element = type.element.computed
    let lowest = Expression.float(-.infinity, ValueType(element))
    // What is stored in between must not lose digits.
    let keepsExponentials = !op.logarithm && element == type.element

    nest.forEachKept(&k) { k, kept, lanes in
      let largest = nest.accumulate(
        &k, at: kept, lanes: lanes, .extreme(.maximum, initial: lowest, keepsNaN: false)
      ) { k, position, lanes in k.load(x, position, lanes: lanes) }
      func exponential(_ k: inout KernelBuilder, _ position: [Index], _ lanes: Int) -> Expression {
        let below = k.bind("d", k.load(x, position, lanes: lanes) - largest.splat(lanes))
        return k.bind("e", VectorMath.exp(in: &k, below))
      }
      let sum = nest.accumulate(&k, at: kept, lanes: lanes, .sum(element)) { k, position, lanes in
        let power = exponential(&k, position, lanes)
        if keepsExponentials { k.store(y, position, power) }
        return power
      }
      let one = Expression.constant(1, like: sum.type)
      let factor = k.bind("f", op.logarithm ? .unary(.log, sum) : one / sum)
      nest.forEachReduced(&k, at: kept, lanes: lanes) { k, position, lanes in
        let factor = factor.splat(lanes)
        if op.logarithm {
          let below = k.load(x, position, lanes: lanes) - largest.splat(lanes)
          k.store(y, position, below - factor)
        } else if keepsExponentials {
          k.store(y, position, k.load(y, position, lanes: lanes) * factor)
        } else {
          k.store(y, position, exponential(&k, position, lanes) * factor)
        }
      }
    }
    context.add(k, [x, y])
  }
}

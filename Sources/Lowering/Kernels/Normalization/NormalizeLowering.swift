// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Zero mean and unit variance over axes in three walks: the mean, the mean square of what differs
/// from it, the quotients.
public struct NormalizeLowering: OpLowering {
  public let name = "normalize"
  public let summary = "three walks over the axes, by vectors along them or across"

  /// The lowering.
  public init() {}

  public func wish(_ op: OpRef<Normalize>, in graph: Graph, on target: Target) -> LayoutWish {
    op.axes.allSatisfy { $0 >= 2 } ? .like(slot: 0) : .rowMajor
  }

  public func lower(
    _ op: OpRef<Normalize>, in context: inout LoweringContext
  ) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      unreachable("a verified normalisation has its operand")
    }
    let result = context.result(of: op)
    let type = result.layout.type
    guard type.shape.elementCount > 0 else { return }
    var source = context.view(of: input)
    if source.layout.isSplit, op.axes.contains(1) {
      source = context.relayout(source, to: .rowMajor(type))
    }
    var k = KernelBuilder("normalize")
    let x = k.input("x", source)
    let y = k.output("y", result)
    let nest = ReductionNest(
      x.layout, y.layout, target: { $0 }, axes: op.axes,
      lanes: type.element == .f32 ? context.target.lanes(32) : 1)
    let element = type.element.computed
    let size = Double(op.axes.reduce(1) { $0 * type.shape[$1] })

    nest.forEachKept(&k) { k, kept, lanes in
      let count = Expression.float(size, ValueType(element, lanes: lanes))
      let sum = nest.accumulate(&k, at: kept, lanes: lanes, .sum(element)) { k, position, lanes in
        k.load(x, position, lanes: lanes)
      }
      let mean = k.bind("mean", sum / count)
      let squares = nest.accumulate(
        &k, at: kept, lanes: lanes, .sum(element)
      ) { k, position, lanes in
        let difference = k.bind("d", k.load(x, position, lanes: lanes) - mean.splat(lanes))
        return difference * difference
      }
      let one = Expression.constant(1, like: squares.type)
      let epsilon = Expression.constant(Double(op.epsilon), like: squares.type)
      let factor = k.bind("f", one / .unary(.squareRoot, squares / count + epsilon))
      nest.forEachReduced(&k, at: kept, lanes: lanes) { k, position, lanes in
        let difference = k.load(x, position, lanes: lanes) - mean.splat(lanes)
        k.store(y, position, difference * factor.splat(lanes))
      }
    }
    context.add(k, [x, y])
  }
}

// SPDX-License-Identifier: Apache-2.0
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// A run of elementwise ops as one loop nest over the result in the order of its memory, by vectors
/// where the elements allow it.
public struct ElementwiseLowering<Op: ElementwiseOp>: OpLowering {
  public let name = "elementwise"
  public let summary = "one loop nest over the result for a run of elementwise ops"
  public let acceptsTail = true

  /// The lowering of one kind of op.
  public init(_ kind: Op.Type) {}

  public func wish(_ op: OpRef<Op>, in graph: Graph, on target: Target) -> LayoutWish {
    let shape = graph.type(of: graph.result(op)).shape
    let slots = graph.operands(of: op.id)
    let slot = slots.indices.first { slot in
      guard let value = slots[slot], graph.constant(value) == nil else { return false }
      return op.attributes.isPositional(slot: slot) && graph.type(of: value).shape == shape
    }
    return slot.map { .like(slot: $0) } ?? .rowMajor
  }

  public func lower(_ op: OpRef<Op>, in context: inout LoweringContext) throws(LoweringError) {
    let ops = [op.id] + context.tail
    let result = context.result(of: op)
    var k = KernelBuilder("elementwise")
    let y = k.output("y", result, mayAlias: true)
    guard y.layout.type.shape.elementCount > 0 else { return }

    let walk = ElementwiseWalk(over: y.layout, ops: ops, in: context)
    let epilogue = Epilogue(
      ops, laneDimension: walk.laneDimension, lanes: walk.lanes, provided: [],
      staysInside: walk.staysInside, kernel: &k, in: &context)
    walk.forEach(of: y.layout, in: &k) { k, position, lanes in
      let value = epilogue.apply([:], at: position, lanes: lanes, kernel: &k)
      k.store(y, position, value)
    }
    context.add(k, [y] + epilogue.parameters)
  }
}

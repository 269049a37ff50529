// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Tensors side by side: most parts were written in place by the ops that compute them, the others
/// are copied.
public struct ConcatLowering: OpLowering {
  public let name = "concat"
  public let summary = "nothing for parts that were written in place, a copy for the others"

  /// The lowering.
  public init() {}

  public func wish(_ op: OpRef<Concat>, in graph: Graph, on target: Target) -> LayoutWish {
    let parts = graph.variadicOperands(op, .inputs)
    let lanes = target.lanes(32)
    let isAligned = op.axis != 1
      || parts.dropLast().allSatisfy { graph.type(of: $0).shape[1] % lanes == 0 }
    let slot = parts.firstIndex { graph.constant($0) == nil }
    return isAligned ? slot.map { .like(slot: $0) } ?? .rowMajor : .rowMajor
  }

  public func lower(_ op: OpRef<Concat>, in context: inout LoweringContext) throws(LoweringError) {
    let parts = context.graph.variadicOperands(op, .inputs)
    let whole = context.result(of: op)
    guard whole.layout.type.shape.elementCount > 0 else { return }
    // Parts that do not begin at a block, or at a byte, are put together elsewhere.
    let factor = whole.layout.axes.compactMap { axis -> Int? in
      if case .outer(let factor) = axis.part, axis.dimension == op.axis { factor } else { nil }
    }.first ?? 1
    let extents = parts.map { context.graph.type(of: $0).shape[op.axis] }
    let isAligned = extents.dropLast().allSatisfy { $0 % factor == 0 }
    if isAligned, whole.layout.type.element.bitCount >= 8 {
      return join(parts, axis: op.axis, to: whole, in: &context)
    }
    for (part, start) in zip(parts, starts(extents)) {
      copy(part, to: whole, at: start, axis: op.axis, in: &context)
    }
  }

  private func starts(_ extents: [Int]) -> [Int] {
    var sum = 0
    return extents.map { extent in
      defer { sum += extent }
      return sum
    }
  }

  private func join(
    _ parts: [ValueID], axis: Int, to whole: TensorView, in context: inout LoweringContext
  ) {
    var start = [Int](repeating: 0, count: whole.layout.type.shape.rank)
    for part in parts {
      let shape = context.graph.type(of: part).shape
      defer { start[axis] += shape[axis] }
      guard shape.elementCount > 0 else { continue }
      let place = TensorView(
        root: whole.root, layout: whole.layout.region(start: start, shape: shape))
      let source = context.view(of: part)
      if source != place { context.move(source, to: place) }
    }
  }

  /// Copies a part number by number to any position.
  private func copy(
    _ part: ValueID, to whole: TensorView, at start: Int, axis: Int,
    in context: inout LoweringContext
  ) {
    let source = context.view(of: part)
    guard source.layout.type.shape.elementCount > 0 else { return }
    var k = KernelBuilder("concat")
    let x = k.input("x", source)
    let y = k.output("y", whole)
    k.positions(of: x.layout) { k, position in
      var place = position
      place[axis] = place[axis] + start
      k.store(y, place, k.load(x, position))
    }
    context.add(k, [x, y])
  }
}

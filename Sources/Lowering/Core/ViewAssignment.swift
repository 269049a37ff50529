// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors

/// Decides, before any step is made, which values lie in memory of others: results in output ports, the operands of a concat in its
/// result, the operand of a reshape in the reshape's result. Their producers then write there at once, and the op itself costs nothing.
struct ViewAssignment {
  let graph: Graph
  let layouts: [ValueID: BufferLayout]

  /// Enters the views into the context. Readers come before producers, so that chains of concats and reshapes join.
  func enter(into context: inout LoweringContext, groups: [FusionGroup]) {
    for (position, port) in graph.inputs.enumerated() {
      let layout = BufferLayout.rowMajor(graph.type(of: port.value))
      context.setView(
        of: port.value, to: context.portView(position, layout, name: port.name))
    }
    for (position, port) in graph.outputs.enumerated() {
      let layout = BufferLayout.rowMajor(graph.type(of: port.value))
      let view = context.portView(graph.inputs.count + position, layout, name: port.name)
      context.outputViews.append(view)
      if isPlaceable(port.value, in: context) { context.setView(of: port.value, to: view) }
    }
    for group in groups.reversed() {
      place(resultOf: group, in: &context)
      if let concat = graph.op(group.anchor, as: Concat.self) {
        placeOperands(of: concat, in: &context)
      } else if let reshape = graph.op(group.anchor, as: Reshape.self) {
        placeOperand(of: reshape, in: &context)
      }
    }
  }

  private func place(resultOf group: FusionGroup, in context: inout LoweringContext) {
    for result in graph.results(of: group.last) where !context.hasView(result) {
      guard let layout = layouts[result] else { continue }
      if isWindow(group.anchor) {
        // It may turn out to be nothing but another view of its operand.
        context.wishedLayouts[result] = layout
        continue
      }
      let view = context.scratch(
        layout, name: graph.name(of: result), border: context.wishedBorders[result] ?? 0)
      context.setView(of: result, to: view)
    }
  }

  private func placeOperands(of concat: OpRef<Concat>, in context: inout LoweringContext) {
    let whole = context.view(of: graph.result(concat))
    var start = [Int](repeating: 0, count: whole.layout.type.shape.rank)
    for value in graph.variadicOperands(concat, .inputs) {
      let shape = graph.type(of: value).shape
      if isPlaceable(value, in: context), let planned = layouts[value],
        fits(planned, in: whole.layout, from: start, axis: concat.axis)
      {
        let region = whole.layout.region(start: start, shape: shape)
        context.setView(of: value, to: TensorView(root: whole.root, layout: region))
      }
      start[concat.axis] += shape[concat.axis]
    }
  }

  /// Whether a part can be written in place: same blocks, on a block border, and (so that the filling of its last block harms
  /// nobody) whole blocks unless it is the last part.
  private func fits(
    _ part: BufferLayout, in whole: BufferLayout, from start: [Int], axis: Int
  ) -> Bool {
    guard zip(part.axes, whole.axes).allSatisfy({ $0.dimension == $1.dimension && $0.part == $1.part }),
      part.axes.count == whole.axes.count,
      zip(part.halo, whole.halo).allSatisfy({ $0.before <= $1.before && $0.after <= $1.after }),
      // Beside a part along the axis lie its neighbours, no border.
      whole.halo[axis] == .none, part.type.element.bitCount >= 8
    else { return false }
    let factor = whole.axes.lazy.compactMap { part -> Int? in
      if case .inner(let factor) = part.part, part.dimension == axis { factor } else { nil }
    }.first ?? 1
    let extent = part.type.shape[axis]
    let isLast = start[axis] + extent == whole.type.shape[axis]
    return start[axis] % factor == 0 && (extent % factor == 0 || isLast)
  }

  private func placeOperand(of reshape: OpRef<Reshape>, in context: inout LoweringContext) {
    guard let value = graph.operand(reshape, .input), isPlaceable(value, in: context),
      let planned = layouts[value], planned.isRowMajor
    else { return }
    guard context.hasView(graph.result(reshape)) else { return }
    let view = context.view(of: graph.result(reshape))
    guard view.layout.isRowMajor else { return }
    context.setView(of: value, to: TensorView(root: view.root, layout: planned))
  }

  /// Whether an op only looks at its operand in another way where the operand's layout allows it.
  private func isWindow(_ op: OpID) -> Bool {
    let definition = graph.definition(of: op)
    return definition is Reshape || definition is Slice || definition is Transpose
  }

  /// Whether a value is computed by a step and has no place yet.
  private func isPlaceable(_ value: ValueID, in context: LoweringContext) -> Bool {
    graph.producer(of: value) != nil && !context.hasView(value)
  }
}

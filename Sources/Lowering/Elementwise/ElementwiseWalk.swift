// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Targets
import Tensors

/// The way of an elementwise kernel over its result: how many numbers at a time, along which
/// dimension.
enum ElementwiseWalk {
  /// Trailing dimensions as one, by vectors with single numbers at the end.
  case run(MergedDimensions, lanes: Int)
  /// The axes of the layout, vectors of one dimension inside; others may have to be copied to lie
  /// so.
  case blocks(VectorAxis)

  init(over layout: BufferLayout, ops: [OpID], in context: LoweringContext) {
    let lanes = Self.lanes(ops, in: context)
    let shape = layout.type.shape
    let isPlain = layout.axes.enumerated().allSatisfy { $1.dimension == $0 && $1.part == .whole }
    let run = isPlain
      ? MergedDimensions.longestRun(of: shape) { Self.isRun($0, layout, ops, in: context) } : nil
    if let run, lanes == 1 || run.extents[run.groups.count - 1] >= lanes {
      self = .run(run, lanes: lanes)
      return
    }
    let axis = VectorAxis(of: layout, lanes: lanes, ops: ops, in: context.graph)
    if axis.lanes == 1, let run {
      self = .run(run, lanes: 1)
    } else {
      self = .blocks(axis)
    }
  }

  /// The dimension along which vectors run.
  var laneDimension: Int {
    switch self {
    case .run(let merged, _):
      let dimensions = merged.groups.last ?? 0..<0
      return dimensions.last { merged.shape[$0] > 1 } ?? 0
    case .blocks(let axis): return axis.dimension
    }
  }

  /// The numbers in a vector.
  var lanes: Int {
    switch self {
    case .run(_, let lanes): lanes
    case .blocks(let axis): axis.lanes
    }
  }

  /// Whether the operands can be read as they lie, and no vector reaches beyond the result's
  /// extent.
  var staysInside: Bool { if case .run = self { true } else { false } }

  /// Runs over all positions; the body gets the first of a number of lanes.
  func forEach(
    of layout: BufferLayout, in k: inout KernelBuilder,
    _ body: (inout KernelBuilder, [Index], Int) -> Void
  ) {
    switch self {
    case .blocks(let axis): axis.forEach(of: layout, in: &k, body)
    case .run(let merged, let lanes):
      let extents = merged.extents
      let inner = extents.count - 1
      k.loops(extents.indices.dropLast().map { "d\($0)" }, Array(extents[..<inner])) { k, outer in
        k.run("i", 0..<extents[inner], lanes: lanes) { k, i, lanes in
          body(&k, merged.coordinates(outer + [i]), lanes)
        }
      }
    }
  }

  /// Whether the result and all operands move by one along the last group, or stay.
  private static func isRun(
    _ merged: MergedDimensions, _ layout: BufferLayout, _ ops: [OpID], in context: LoweringContext
  ) -> Bool {
    let last = merged.groups.count - 1
    guard merged.extent(last) <= 1 || merged.course(along: last, in: layout) == .contiguous else {
      return false
    }
    let inner = Set(ops.flatMap { context.graph.results(of: $0) })
    return ops.allSatisfy { op in
      guard let definition = context.graph.definition(of: op) as? any ElementwiseOp else {
        return false
      }
      return context.graph.operands(of: op).enumerated().allSatisfy { slot, value in
        guard let value, !inner.contains(value) else { return true }
        let place = context.layout(of: value)
        return merged.course(along: last) {
          place.at(definition.coordinates(slot: slot, operand: place.type.shape, at: $0))
        } != .other
      }
    }
  }

  /// The lanes of the target for the types that the ops have; 1 if one of them is not computed with
  /// vectors.
  static func lanes(_ ops: [OpID], in context: LoweringContext) -> Int {
    let elements = ops.flatMap { op in
      context.graph.results(of: op) + context.graph.operands(of: op).compactMap { $0 }
    }.map { context.graph.type(of: $0).element }
    var hasFloats = false
    for element in elements {
      switch element {
      case .f32: hasFloats = true
      case .i32, .i16, .i8, .u32, .u16, .u8, .bool: break
      case .f16, .bf16, .f64, .i64, .u64, .i4, .u4, .u2, .b1: return 1
      }
    }
    return context.target.lanes(32, of: hasFloats ? .float : .integer)
  }
}

extension LoweringContext {
  /// Where a value lies, or would lie if it had a place.
  func layout(of value: ValueID) -> BufferLayout {
    (views[value]?.layout ?? wishedLayouts[value] ?? .rowMajor(graph.type(of: value))).atOrigin
  }
}

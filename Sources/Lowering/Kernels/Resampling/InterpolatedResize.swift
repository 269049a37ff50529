// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Linear and cubic resampling by tables of positions and weights: all axes at once where few
/// positions are read, else one after the other.
public struct InterpolatedResize: OpLowering {
  public let name = "interpolated-resize"
  public let summary = "sums of products by tables of positions and weights, by vectors of channels"

  /// The lowering.
  public init() {}

  /// The most products of one result that are written out.
  private static let productLimit = 16

  public func supports(_ op: OpRef<Resize>, in graph: Graph, on target: Target) -> Bool {
    op.mode != .nearest
  }

  public func wish(_ op: OpRef<Resize>, in graph: Graph, on target: Target) -> LayoutWish {
    ResizeAxes.wish(op, in: graph)
  }

  public func lower(_ op: OpRef<Resize>, in context: inout LoweringContext) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input) else {
      unreachable("a verified resize has its operand")
    }
    var source = context.view(of: input)
    let target = context.result(of: op)
    let type = target.layout.type
    guard type.shape.elementCount > 0 else { return }
    let extents = source.layout.type.shape.extents
    var tables: [TapTable] = []
    for axis in extents.indices where !op.attributes.isIdentity(axis: axis, inputExtent: extents[axis]) {
      for shape in [source.layout.type.shape, type.shape] { try SourceAxis.requireTable(axis: axis, of: shape) }
      tables.append(TapTable(op.attributes, axis: axis, inputExtent: extents[axis]))
    }
    guard !tables.isEmpty else { return context.move(source, to: target) }
    // A split dimension is walked block by block, which a resampled one cannot be.
    let changed = Set(tables.map(\.axis))
    if source.layout.isSplit(along: changed) {
      source = context.relayout(source, to: .rowMajor(source.layout.type))
    }
    let plainTarget = target.layout.isSplit(along: changed)
      ? context.scratch(.rowMajor(type), name: "resized") : target

    // Integers are rounded at the end, from sums in f64 in the order of the reference: ties are the
    // same.
    let isInteger = !type.element.isFloat
    let element = isInteger ? .f64 : type.element.computed
    let products = tables.reduce(1) { $0 * min($1.count, 1 << 20) }
    let isJoint = products <= Self.productLimit && !isInteger
    let passes = isJoint ? [tables] : tables.map { [$0] }
    var shape = source.layout.type.shape.extents
    for (number, pass) in passes.enumerated() {
      for table in pass { shape[table.axis] = table.rows.count }
      var place = plainTarget
      if number + 1 < passes.count, let shape = Shape(shape) {
        let kind = plainTarget.layout.isSplit ? plainTarget.layout : .rowMajor(type)
        place = context.scratch(kind.resized(to: TensorType(element, shape)), name: "resized")
      }
      ResizePass(
        pass, element: element, fuses: !isInteger, extrapolation: Double(op.extrapolation)
      ).add(source, to: place, in: &context)
      source = place
    }
    if plainTarget != target { context.move(plainTarget, to: target) }
  }
}

extension BufferLayout {
  /// Whether one of the dimensions lies in blocks.
  func isSplit(along dimensions: Set<Int>) -> Bool {
    axes.contains { $0.part != .whole && dimensions.contains($0.dimension) }
  }

  /// A layout with the same order and blocks for another type of as many dimensions, without a
  /// border.
  func resized(to type: TensorType) -> BufferLayout {
    BufferLayout(type, order: axes.map { ($0.dimension, $0.part) })
  }
}

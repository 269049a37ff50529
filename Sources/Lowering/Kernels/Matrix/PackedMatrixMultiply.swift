// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Product of float matrices by vectors over the columns: a tile of rows by vectors of sums stays in registers over the whole inner
/// extent. The right operand is read from panels, packed at compile time if it is constant.
public struct PackedMatrixMultiply: OpLowering {
  public let name = "packed-matmul"
  public let summary = "f32 on vector targets: register tile of rows by vectors of columns, rhs in panels"
  public let acceptsTail = true

  /// The lowering.
  public init() {}

  public func supports(
    _ op: OpRef<MatrixMultiply>, in graph: Graph, on target: Target
  ) -> Bool {
    let shape = MatrixShape(op, in: graph)
    return target.lanes(32) > 1 && shape.result.element == .f32 && shape.columns >= 4
      && shape.columnDimension != nil
  }

  public func lower(
    _ op: OpRef<MatrixMultiply>, in context: inout LoweringContext
  ) throws(LoweringError) {
    let shape = MatrixShape(op, in: context.graph)
    guard shape.result.shape.elementCount > 0 else { return }
    guard let rhs = context.graph.operand(op, .rhs) else {
      unreachable("a verified matrix product has its operands")
    }
    let tile = MatrixTile.vectors(shape, on: context.target)
    let panels = MatrixKernel.panels(shape, columns: tile.columns)
    var right: TensorView
    if let packed = context.packed(rhs, as: panels) {
      right = packed
    } else {
      right = context.view(of: rhs)
      // Rows of the right operand serve as they are if their elements are neighbours.
      if let columns = shape.columnDimension, right.layout.stride(along: columns) != 1 {
        right = context.relayout(right, to: panels)
      }
    }
    MatrixKernel.lower(op, shape, tile, right: right, in: &context)
  }
}

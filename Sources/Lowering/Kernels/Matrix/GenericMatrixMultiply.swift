// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
import Tensors

/// Any matrix product on any target, by plain numbers in a small register tile.
public struct GenericMatrixMultiply: OpLowering {
  public let name = "generic-matmul"
  public let summary = "any matrix product: register tile of plain numbers"
  public let acceptsTail = true

  /// The lowering.
  public init() {}

  public func lower(
    _ op: OpRef<MatrixMultiply>, in context: inout LoweringContext
  ) throws(LoweringError) {
    let shape = MatrixShape(op, in: context.graph)
    guard shape.result.shape.elementCount > 0 else { return }
    guard let rhs = context.graph.operand(op, .rhs) else {
      unreachable("a verified matrix product has its operands")
    }
    let tile = MatrixTile.numbers(shape, on: context.target)
    let isPackable = shape.rhs.element.bitCount >= 8
    let panels = MatrixKernel.panels(shape, columns: tile.columns)
    let right = (isPackable ? context.packed(rhs, as: panels) : nil) ?? context.view(of: rhs)
    MatrixKernel.lower(op, shape, tile, right: right, in: &context)
  }
}

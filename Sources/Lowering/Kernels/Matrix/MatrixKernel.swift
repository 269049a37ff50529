// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import LoopIR
import Tensors

/// What the lowerings of matrix products have in common: operands, the step, and the order of packed weights.
enum MatrixKernel {
  /// Adds the step that computes a product in tiles.
  static func lower(
    _ op: OpRef<MatrixMultiply>, _ shape: MatrixShape, _ tile: MatrixTile, right: TensorView,
    in context: inout LoweringContext
  ) {
    guard let lhs = context.graph.operand(op, .lhs) else {
      unreachable("a verified matrix product has its operands")
    }
    let value = context.graph.result(op)
    let result = context.result(of: op)
    // Vectors want the columns side by side.
    let columns = shape.resultColumnDimension
    let isInPlace = tile.lanes == 1 || columns.flatMap { result.layout.stride(along: $0) } == 1
    let target =
      isInPlace ? result : context.scratch(.rowMajor(result.layout.type), name: "product")

    var k = KernelBuilder("matmul")
    let a = k.input("a", context.view(of: lhs))
    let b = k.input("b", right)
    let bias = context.graph.operand(op, .bias).map { k.input("bias", context.view(of: $0)) }
    let leftZero = ZeroPoint(
      context.graph.operand(op, .lhsZero), "a_zero", kernel: &k, in: &context)
    let rightZero = ZeroPoint(
      context.graph.operand(op, .rhsZero), "b_zero", kernel: &k, in: &context)
    let epilogue = context.epilogue(
      laneDimension: columns ?? -1, lanes: tile.lanes, providing: value, staysInside: true,
      kernel: &k)
    let y = k.output("y", target, mayAlias: !epilogue.parameters.isEmpty)
    let body = MatrixBody(
      shape: shape, tile: tile, a: a, b: b, y: y, bias: bias, leftZero: leftZero,
      rightZero: rightZero, epilogue: epilogue, value: value)
    body.build(&k)
    let biases = bias.map { [$0] } ?? []
    context.add(
      k,
      [a, b, y] + biases + leftZero.parameters + rightZero.parameters + epilogue.parameters)
    if !isInPlace { context.move(target, to: result) }
  }

  /// The order in which tiles of `columns` columns read the right operand: [tile][inner][columns of the tile].
  static func panels(_ shape: MatrixShape, columns: Int) -> BufferLayout {
    var order = (0..<max(shape.rhs.shape.rank - 2, 0)).map {
      (dimension: $0, part: BufferLayout.Axis.Part.whole)
    }
    let inner = (dimension: shape.innerDimension, part: BufferLayout.Axis.Part.whole)
    if let column = shape.columnDimension {
      order +=
        columns == 1
        ? [(column, .whole), inner]
        : [(column, .outer(factor: columns)), inner, (column, .inner(factor: columns))]
    } else {
      order.append(inner)
    }
    return BufferLayout(shape.rhs, order: order)
  }
}

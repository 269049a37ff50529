// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Product of a matrix of bytes with constant columns where words of four are multiplied in pairs.
public struct WordMatrixMultiply: OpLowering {
  public let name = "word-matmul"
  public let summary =
    "8-bit integers by constant weights on cores with SMLAD: words of four, a tile of rows by columns"
  public let acceptsTail = true

  /// The lowering.
  public init() {}

  public func supports(
    _ op: OpRef<MatrixMultiply>, in graph: Graph, on target: Target
  ) -> Bool {
    guard let operands = IntegerOperands(op, in: graph), operands.hasBytes else { return false }
    return DotForm(on: target) == .words && MatrixShape(op, in: graph).hasPlainRows
  }

  public func lower(
    _ op: OpRef<MatrixMultiply>, in context: inout LoweringContext
  ) throws(LoweringError) {
    let shape = MatrixShape(op, in: context.graph)
    guard shape.result.shape.elementCount > 0 else { return }
    guard let lhs = context.graph.operand(op, .lhs), let rhs = context.graph.operand(op, .rhs),
      let operands = IntegerOperands(op, in: context.graph),
      let columns = context.packed(rhs, as: MatrixKernel.panels(shape, columns: 1))
    else { unreachable("what is supported has these") }
    var k = KernelBuilder("matmul")
    let a = k.input("a", context.rows(of: lhs))
    let b = k.input("b", columns)
    let start = AccumulatorStart(
      bias: context.graph.operand(op, .bias), element: .i32, lanes: 1, kernel: &k, in: &context)
    let value = context.graph.result(op)
    let epilogue = context.epilogue(
      laneDimension: shape.result.shape.rank - 1, lanes: 1, providing: value, kernel: &k)
    let y = k.output("y", context.result(of: op), mayAlias: !epilogue.parameters.isEmpty)
    let sum = WordSum(x: a, w: b, inputZero: operands.inputZero)

    func compute(
      _ k: inout KernelBuilder, _ outer: [Index], row: Index, rows: Int, column: Index, columns: Int
    ) {
      let sums = k.registers("acc", [rows, columns], initial: start.zero)
      for c in 0..<columns {
        let first = k.bind("b", start.value(at: column + c, k))
        for r in 0..<rows { k.set(sums, [Index(r), Index(c)], first) }
      }
      sum.add(
        to: sums,
        inputs: (0..<rows).map { a.at(shape.left(outer, row: row + $0, inner: 0)) },
        weights: (0..<columns).map { b.at(shape.right(outer, inner: 0, column: column + $0)) },
        count: shape.inner, &k)
      for r in 0..<rows {
        for c in 0..<columns {
          let position = shape.result(outer, row: row + r, column: column + c)
          let result = epilogue.apply(
            [value: .register(sums, [Index(r), Index(c)])], at: position, lanes: 1, kernel: &k)
          k.store(y, position, result)
        }
      }
    }
    let (height, width) = shape.rows == 1 ? (1, 4) : (2, 2)
    shape.tiles(rows: height, columns: shape.columns, by: width, &k) { k, tile in
      compute(
        &k, tile.outer, row: tile.row, rows: tile.rows, column: tile.number * width,
        columns: tile.columns)
    }
    context.add(k, [a, b, y] + start.parameters + epilogue.parameters)
  }
}

extension MatrixShape {
  /// Whether rows of at least four numbers are multiplied with one matrix of columns.
  var hasPlainRows: Bool { !transposesLHS && rhs.shape.rank == 2 && inner >= 4 }
}

extension LoweringContext {
  /// A left operand whose rows lie in consecutive elements.
  mutating func rows(of value: ValueID) -> TensorView {
    let view = view(of: value)
    let type = view.layout.type
    return view.layout.stride(along: type.shape.rank - 1) == 1
      ? view : relayout(view, to: .rowMajor(type))
  }
}

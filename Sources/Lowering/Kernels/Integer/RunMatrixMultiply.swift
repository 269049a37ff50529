// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Product of a matrix of small integers with constant columns where all products of two vectors are summed to one number; the rows' zero point
/// is part of the bias.
public struct RunMatrixMultiply: OpLowering {
  public let name = "run-matmul"
  public let summary =
    "integers by constant weights, 8 bits on Helium, 16 bits where there is SMLAD: numbers of a row, a tile of rows by columns"
  public let acceptsTail = true

  /// The lowering.
  public init() {}

  public func supports(
    _ op: OpRef<MatrixMultiply>, in graph: Graph, on target: Target
  ) -> Bool {
    guard let operands = IntegerOperands(op, in: graph),
      let form = RunForm(operands.input, on: target)
    else { return false }
    let shape = MatrixShape(op, in: graph)
    return shape.hasPlainRows && shape.inner >= form.lanes
  }

  public func lower(
    _ op: OpRef<MatrixMultiply>, in context: inout LoweringContext
  ) throws(LoweringError) {
    let shape = MatrixShape(op, in: context.graph)
    guard shape.result.shape.elementCount > 0 else { return }
    guard let lhs = context.graph.operand(op, .lhs), let rhs = context.graph.operand(op, .rhs),
      let operands = IntegerOperands(op, in: context.graph),
      let form = RunForm(operands.input, on: context.target)
    else { unreachable("what is supported has these") }
    let (height, width) = shape.rows == 1 ? (1, 4) : (2, 2)
    let weights = RunWeights(
      form: form,
      matrix: DotMatrix(columns: operands.weight, isTransposed: shape.transposesRHS), groups: 1,
      units: width, length: shape.inner, overlaps: shape.inner % form.lanes != 0)
    let name = context.graph.name(of: rhs)

    var k = KernelBuilder("matmul")
    let a = k.input("a", context.rows(of: lhs))
    let b = k.input("b", weights.packed(name: name, in: &context))
    let start = k.input(
      "start",
      weights.matrix.starts(
        bias: operands.bias,
        zero: operands.inputZero + form.relabeling(of: shape.lhs.element),
        fillingUpTo: 1, name: "\(name)_start", in: &context))
    let value = context.graph.result(op)
    let epilogue = context.epilogue(
      laneDimension: shape.result.shape.rank - 1, lanes: 1, providing: value, kernel: &k)
    let y = k.output("y", context.result(of: op), mayAlias: !epilogue.parameters.isEmpty)
    let sum = RunSum(weights: weights, w: b)

    func compute(
      _ k: inout KernelBuilder, _ outer: [Index], row: Index, rows: Int, tile: Index, columns: Int
    ) {
      let sums = k.registers("acc", [rows, columns], initial: .integer(0, ValueType(.i32)))
      for c in 0..<columns {
        let first = k.bind("b", k.load(start, [tile * width + c]))
        for r in 0..<rows { k.set(sums, [Index(r), Index(c)], first) }
      }
      let inputs = (0..<rows).map { a.at(shape.left(outer, row: row + $0, inner: 0)) }
      sum.add(to: sums, a.buffer, inputs: inputs, tile: tile, run: 0, units: columns, &k)
      for r in 0..<rows {
        for c in 0..<columns {
          let position = shape.result(outer, row: row + r, column: tile * width + c)
          let result = epilogue.apply(
            [value: .register(sums, [Index(r), Index(c)])], at: position, lanes: 1, kernel: &k)
          k.store(y, position, result)
        }
      }
    }
    shape.tiles(rows: height, columns: shape.columns, by: width, &k) { k, tile in
      compute(
        &k, tile.outer, row: tile.row, rows: tile.rows, tile: tile.number, columns: tile.columns)
    }
    context.add(k, [a, b, start, y] + epilogue.parameters)
  }
}

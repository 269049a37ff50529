// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
public import Targets
import Tensors

/// Product of a matrix of bytes, or of numbers of 16 bits, with constant columns on targets with vectors: four numbers of a row at a time into vectors of
/// columns; the rows' zero point is part of the bias.
public struct DotMatrixMultiply: OpLowering {
  public let name = "dot-matmul"
  public let summary =
    "integers of 8 or 16 bits by constant weights on x86 and AArch64: four numbers at a time into vectors of columns"
  public let acceptsTail = true

  /// The lowering.
  public init() {}

  public func supports(
    _ op: OpRef<MatrixMultiply>, in graph: Graph, on target: Target
  ) -> Bool {
    guard let operands = IntegerOperands(op, in: graph),
      let form = DotForm(operands.input, on: target), form != .words
    else { return false }
    return MatrixShape(op, in: graph).hasPlainRows
  }

  public func lower(
    _ op: OpRef<MatrixMultiply>, in context: inout LoweringContext
  ) throws(LoweringError) {
    let shape = MatrixShape(op, in: context.graph)
    guard shape.result.shape.elementCount > 0 else { return }
    guard let lhs = context.graph.operand(op, .lhs), let rhs = context.graph.operand(op, .rhs),
      let operands = IntegerOperands(op, in: context.graph),
      let form = DotForm(operands.input, on: context.target)
    else { unreachable("what is supported has these") }
    let lanes = form.lanes(on: context.target)
    let blocks = (shape.columns + lanes - 1) / lanes
    // A single row is bound by the reading of weights; more share it.
    let tile = shape.rows == 1
      ? RegisterTile(rows: 1, columns: 1, vectors: min(blocks, form.stepCount > 1 ? 4 : 8))
      : RegisterTile.best(height: 1, width: shape.rows, blocks: blocks, on: context.target)
    let weights = DotWeights(
      form: form, lanes: lanes, vectors: tile.vectors,
      matrix: DotMatrix(columns: operands.weight, isTransposed: shape.transposesRHS),
      overlaps: shape.inner % 4 != 0)
    let name = context.graph.name(of: rhs)
    let dimension = shape.result.shape.rank - 1
    let place = ResultPlace(context.result(of: op), lanes: lanes, along: dimension, in: &context)

    var k = KernelBuilder("matmul")
    let a = k.input("a", context.rows(of: lhs))
    let b = k.input("b", weights.packed(name: name, in: &context))
    let zero = operands.inputZero + form.relabeling(of: shape.lhs.element)
    let start = k.input(
      "start",
      weights.matrix.starts(
        bias: operands.bias, zero: zero, fillingUpTo: weights.width, name: "\(name)_start",
        in: &context))
    let value = context.graph.result(op)
    let epilogue = context.epilogue(
      laneDimension: dimension, lanes: lanes, providing: value, kernel: &k)
    let y = k.output("y", place.view, mayAlias: !epilogue.parameters.isEmpty)

    func compute(
      _ k: inout KernelBuilder, _ outer: [Index], row: Index, rows: Int, tile nt: Index, vectors: Int
    ) {
      let column = nt * (tile.vectors * lanes)
      let sums = k.registers(
        "acc", [rows, vectors], initial: .integer(0, ValueType(.i32, lanes: lanes)))
      for v in 0..<vectors {
        let first = k.bind("b", k.load(start, [column + v * lanes], lanes: lanes))
        for r in 0..<rows { k.set(sums, [Index(r), Index(v)], first) }
      }
      func add(_ k: inout KernelBuilder, _ group: Index) {
        for step in 0..<form.stepCount {
          let factors = (0..<vectors).map { v in
            k.bind("w", weights.load(b, tile: nt, tap: 0, group: group, step: step, vector: v, k))
          }
          for r in 0..<rows {
            let position = shape.left(outer, row: row + r, inner: weights.input(of: group))
            let input = k.bind("x", form.factor(a, at: position, step: step, lanes: lanes, k))
            for (v, factor) in factors.enumerated() {
              let place = [Index(r), Index(v)]
              k.set(sums, place, form.sum(.register(sums, place), input, factor))
            }
          }
        }
      }
      k.loop("kk", 0..<shape.inner / 4) { k, kk in add(&k, kk) }
      if weights.overlaps { add(&k, Index(weights.groups - 1)) }
      for r in 0..<rows {
        for v in 0..<vectors {
          let position = shape.result(outer, row: row + r, column: column + v * lanes)
          let result = epilogue.apply(
            [value: .register(sums, [Index(r), Index(v)])], at: position, lanes: lanes, kernel: &k)
          k.store(y, position, result)
        }
      }
    }
    shape.tiles(rows: tile.columns, columns: blocks, by: tile.vectors, &k) { k, place in
      compute(
        &k, place.outer, row: place.row, rows: place.rows, tile: place.number,
        vectors: place.columns)
    }
    context.add(k, [a, b, y, start] + epilogue.parameters)
    place.finish(in: &context)
  }
}

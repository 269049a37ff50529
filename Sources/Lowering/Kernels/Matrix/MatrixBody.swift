// SPDX-License-Identifier: Apache-2.0
import GraphIR
import LoopIR
import Tensors

/// The loops of a matrix product.
struct MatrixBody {
  let shape: MatrixShape
  let tile: MatrixTile
  let a: TensorParameter
  let b: TensorParameter
  let y: TensorParameter
  let bias: TensorParameter?
  let leftZero: ZeroPoint
  let rightZero: ZeroPoint
  let epilogue: Epilogue
  /// The product's value.
  let value: ValueID

  /// The type of sums.
  private var element: ElementType { shape.result.element.accumulated }

  /// What a tile computes.
  private struct Place {
    let outer: [Index]
    let row: Index
    let rows: Int
    let column: Index
    let vectors: [MatrixTile.Vector]
  }

  func build(_ k: inout KernelBuilder) {
    shape.tiles(rows: tile.rows, columns: shape.columns, by: tile.columns, &k) { k, place in
      compute(
        Place(
          outer: place.outer, row: place.row, rows: place.rows,
          column: place.number * tile.columns, vectors: tile.split(place.columns)), &k)
    }
  }

  /// Sums with one number of lanes each stand in an array of their own.
  private func sums(_ place: Place, _ k: inout KernelBuilder) -> [[[RegisterArray]]] {
    (0..<tile.parts).map { part in
      place.vectors.map { vector in
        let type = ValueType(element, lanes: vector.lanes)
        let zero = Expression.constant(0, like: type)
        var first = zero
        if part == 0, let bias {
          let start = k.load(bias, [place.column + vector.offset], lanes: vector.lanes)
          first = k.bind("b", start)
        }
        return (0..<place.rows).map { _ in k.registers("acc", initial: first) }
      }
    }
  }

  private func compute(_ place: Place, _ k: inout KernelBuilder) {
    let sums = sums(place, &k)
    let whole = shape.inner / tile.parts
    k.loop("kk", 0..<whole) { k, kk in
      for part in 0..<tile.parts {
        accumulate(sums[part], place, kk * tile.parts + part, &k)
      }
    }
    k.loop("kk", whole * tile.parts..<shape.inner) { k, kk in
      accumulate(sums[0], place, kk, &k)
    }
    for (v, vector) in place.vectors.enumerated() {
      for row in 0..<place.rows {
        let sum = (1..<tile.parts).reduce(Expression.register(sums[0][v][row], [])) {
          $0 + .register(sums[$1][v][row], [])
        }
        let position = shape.result(
          place.outer, row: place.row + row, column: place.column + vector.offset)
        let result = epilogue.apply(
          [value: sum], at: position, lanes: vector.lanes, kernel: &k)
        k.store(y, position, result)
      }
    }
  }

  private func accumulate(
    _ sums: [[RegisterArray]], _ place: Place, _ inner: Index, _ k: inout KernelBuilder
  ) {
    var factors: [Expression] = []
    for vector in place.vectors {
      let column = place.column + vector.offset
      let load = k.load(
        b, shape.right(place.outer, inner: inner, column: column), lanes: vector.lanes)
      let number = load.converted(to: element)
      factors.append(k.bind("w", rightZero.subtracted(from: number, at: column, k)))
    }
    for row in 0..<place.rows {
      let load = k.load(a, shape.left(place.outer, row: place.row + row, inner: inner))
      let number = leftZero.subtracted(
        from: load.converted(to: element), at: place.row + row, k)
      let factor = k.bind("x", number)
      for (v, vector) in place.vectors.enumerated() {
        let sum = Expression.register(sums[v][row], [])
        k.set(sums[v][row], [], sum.adding(factor.splat(vector.lanes), times: factors[v]))
      }
    }
  }
}

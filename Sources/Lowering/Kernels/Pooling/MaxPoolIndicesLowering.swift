// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
public import GraphIR
import LoopIR
import Tensors

/// The positions of the maxima of windows. Of equals the first wins, a NaN wins over all numbers, and a window that has only
/// padding gives −1.
public struct MaxPoolIndicesLowering: OpLowering {
  public let name = "max-pool-indices"
  public let summary = "the flat index of each window's maximum, windows clipped by loop bounds"

  /// The lowering.
  public init() {}

  public func lower(
    _ op: OpRef<MaxPoolIndices>, in context: inout LoweringContext
  ) throws(LoweringError) {
    guard let input = context.graph.operand(op, .input),
      let window = try? op.pool.geometry(
        spatialRank: context.graph.type(of: input).shape.rank - 2)
    else { unreachable("a verified pool has its operand") }
    let type = context.graph.type(of: context.graph.result(op))
    guard type.shape.elementCount > 0 else { return }
    let source = context.graph.type(of: input)
    let spatial = Array(source.shape.extents.dropFirst(2))
    let axes = SpatialAxis.axes(
      window, input: spatial, output: Array(type.shape.extents.dropFirst(2)))

    var k = KernelBuilder("maxpool_indices")
    let x = k.input("x", context.view(of: input))
    let y = k.output("y", context.result(of: op))
    let element = source.element.computed
    let body = PoolBody(
      axes: axes, kind: .max, countsPadding: false, type: ValueType(element), x: x)
    // The strides of the flat index along the spatial axes.
    let strides = spatial.indices.map { axis in
      (op.columnMajor ? spatial[..<axis] : spatial[(axis + 1)...]).reduce(1, *)
    }
    let plane = spatial.reduce(1, *)

    k.loops(["n", "c"], [type.shape[0], type.shape[1]]) { k, outer in
      body.positions(&k) { k, place in
        let best = k.registers("best", initial: element.lowest(ValueType(element)))
        let winner = k.registers("winner", initial: .integer(-1, ValueType(.i64)))
        body.taps(place, &k) { k, taps in
          let source = body.source(outer, place, taps)
          let number = k.bind("x", k.load(x, source))
          let flat = zip(source.dropFirst(2), strides).reduce(
            (outer[0] * type.shape[1] + outer[1]) * plane
          ) { $0 + $1.0 * $1.1 }
          let old = Expression.register(best, [])
          let isFirst = Expression.binary(
            .less, .register(winner, []), .integer(0, ValueType(.i64)))
          var wins = Expression.binary(.or, isFirst, .binary(.greater, number, old))
          if element.isFloat {
            let isNewNaN = Expression.binary(
              .and, .unary(.isNaN, number), .unary(.logicalNot, .unary(.isNaN, old)))
            wins = .binary(.or, wins, isNewNaN)
          }
          let isBetter = k.bind("wins", wins)
          k.set(best, [], .select(isBetter, number, old))
          k.set(winner, [], .select(isBetter, .index(flat, .i64), .register(winner, [])))
        }
        k.store(y, outer + place.position, .register(winner, []))
      }
    }
    context.add(k, [x, y])
  }
}

// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// A function of one tensor of few integers, made of any elementwise ops between `dequantize` and
/// `quantize`: a table of what the ops make of each integer, so that the result is theirs exactly.
///
///     %d = dequantize %x, @s, @z
///     %e = unary sigmoid %d
///     %m = binary mul %d, %e          →    %q = gather @table, %x
///     %q = quantize %m, @t, @y
enum LookupTable {
  static func rewrite(_ op: OpRef<Quantize>, _ rw: inout Rewriter) throws(Declined) {
    let result = rw.graph.result(op)
    let to = rw.graph.type(of: result)
    try rw.require(to.element.bitCount <= 16, "the result is too wide for a table")
    let cone = try FunctionCone(of: op, bits: 8, rw)
    let element = rw.graph.type(of: cone.source).element
    let table = try cone.evaluated(rw).integers
    let location = cone.location(rw)
    let isIdentity = element == to.element && table.bytes == Self.positions(element).bytes
    if isIdentity { return rw.replaceAllUses(of: result, with: cone.source) }
    let value = try rw.make(
      Gather(axis: 0), [rw.addConstant(table, name: "table"), cone.source], location: location)
    rw.replace(result, byNamed: value)
  }

  /// All integers of a type, in the order in which `gather` counts them: the negative ones from the
  /// end.
  static func positions(_ element: ElementType) -> Tensor {
    let count = 1 << element.bitCount
    return Tensor(
      TensorType(element, .vector(count)), wrapping: (0..<count).map { Int64($0) })
  }
}

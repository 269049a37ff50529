// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// The sum or difference of two dequantized operands, or of one and a constant, whose result is
/// quantized: both are brought to one fixed point, added, and rounded once.
///
///     %a = dequantize %x, @s, @z            %c = cast %x {to=i32}
///     %b = dequantize %y, @t, @u            %p = binary mul %c, @m
///     %r = binary add %a, %b           →    %d = cast %y {to=i32}
///     %q = quantize %r, @v, @w              %o = binary mul %d, @n
///                                           %s = binary add %p, %o
///                                           %k = binary add %s, @offset
///                                           %q = requantize %k, @scale, @w
enum IntegerAddition {
  static func rewrite(
    _ op: OpRef<Quantize>, _ form: RequantizeForm, _ rw: inout Rewriter
  ) throws(Declined) {
    let target = try IntegerTarget(op, form, rw)
    let producer = try target.producer(rw)
    guard let binary = rw.graph.definition(of: producer) as? Binary,
      binary.function == .add || binary.function == .sub
    else { throw Declined("the operand is no sum") }
    let step = target.grid.scales[0]
    var terms: [FixedPointSum.Term] = []
    var constant: KnownNumbers?
    for (slot, operand) in rw.graph.operands(of: producer).enumerated() {
      guard let operand else { throw Declined("an operand is absent") }
      let sign: Double = slot == 1 && binary.function == .sub ? -1 : 1
      switch try IntegerOperand(operand, rw) {
      case .integers(let integers):
        terms.append(
          FixedPointSum.Term(integers, factor: sign * integers.scales[0] / step, rw))
      case .numbers(let numbers):
        constant = try KnownNumbers(
          numbers.shape, numbers.values.map { sign * $0 / step }, rw)
      }
    }
    try rw.require(!terms.isEmpty, "both operands are constant")
    let sum = try FixedPointSum(terms, constant: constant)
    try sum.require(rw.graph.type(of: target.value).shape, rw)
    let location = target.location(producer, rw)
    let sums = try sum.make(location, &rw)
    try target.finish(sums, scales: [sum.scale], location: location, &rw)
  }
}

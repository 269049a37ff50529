// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Rewriting
import Tensors

/// The mean over windows or axes, or a sum over axes, of dequantized integers whose result is quantized:
/// a sum of integers, scaled by the number of them.
///
///     %d = dequantize %x, @s, @z                     %a = reduce %x {kind=sum, wide=true}
///     %m = reduce %d {kind=mean, axes=[2,3]}    →    %b = binary sub %a, @zeros
///     %q = quantize %m, @t, @y                       %q = requantize %b, @scale, @y
enum IntegerAverage {
  static func rewrite(
    _ op: OpRef<Quantize>, _ form: RequantizeForm, _ rw: inout Rewriter
  ) throws(Declined) {
    let target = try IntegerTarget(op, form, rw)
    let producer = try target.producer(rw)
    guard let input = rw.graph.operands(of: producer).first ?? nil else {
      throw Declined("the operand is absent")
    }
    let definition = rw.graph.definition(of: producer)
    let windows: WindowCounts
    let sum: any OpDefinition
    let shape = rw.graph.type(of: input).shape
    switch definition {
    case let pool as Pool where pool.kind == .average:
      windows = try WindowCounts(pool, shape)
      var sums = pool
      sums.kind = .sum
      sums.countPadding = false
      sum = sums
    case let reduce as Reduce where reduce.kind == .mean || reduce.kind == .sum:
      let count = reduce.axes.reduce(1) { $0 * shape[$1] }
      windows = WindowCounts(inside: count, divisor: reduce.kind == .mean ? count : 1)
      sum = Reduce(
        .sum, axes: reduce.axes, keepDimensions: reduce.keepDimensions, isWide: true)
    default: throw Declined("\(type(of: definition).name) is no mean or sum")
    }
    let integers = try ScaledIntegers(behind: input, rw)
    try integers.requireOneScale("the operand", rw)
    try rw.require(integers.element.bitCount <= 16, "the integers are too wide")
    let range = integers.range(rw)
    let (most, zero) = (windows.inside.max() ?? 0, integers.zeroPoints[0])
    try rw.require(most > 0, "there is nothing to take the mean of")
    let (bound, overflow) = most.multipliedReportingOverflow(
      by: max(abs(range.lowerBound), abs(range.upperBound)) + abs(zero))
    try rw.require(!overflow && bound < 1 << 31, "a sum of \(most) integers may leave 32 bits")
    let step = integers.scales[0] / target.grid.scales[0]
    let location = target.location(producer, rw)
    guard windows.areUniform else {
      let wide = FixedPointSum.Term(
        integers.value, min(0, most * range.lowerBound)...max(0, most * range.upperBound),
        offsets: windows.inside.map { $0 * zero },
        factors: windows.divisors.map { step / Double($0) }, windows.shape)
      // Planned for the sums, before they are there.
      let scaled = try FixedPointSum([wide])
      let sums = try rw.make(sum, [integers.value], location: location)
      let places = try scaled.make(location, &rw, in: [sums])
      return try target.finish(places, scales: [scaled.scale], location: location, &rw)
    }
    var sums = try rw.make(sum, [integers.value], location: location)
    if zero != 0 {
      let zeros = rw.addConstant(Tensor(scalar: Double(most * zero), .i32))
      sums = try rw.make(Binary(.sub), [sums, zeros], location: location)
    }
    try target.finish(
      sums, scales: [step / Double(windows.divisors[0])], location: location, &rw)
  }
}

/// How many elements each window sums, and what the sum is divided by: for each position along the
/// spatial axes, or one for all.
private struct WindowCounts {
  let shape: Shape
  let inside: [Int]
  let divisors: [Int]

  /// One window.
  init(inside: Int, divisor: Int) {
    shape = .scalar
    self.inside = [inside]
    divisors = [divisor]
  }

  /// The windows of a mean, from what the pool makes of ones: the elements inside are their sum, and
  /// the divisor is the sum by the mean.
  init(_ pool: Pool, _ input: Shape) throws(Declined) {
    guard let plane = Shape([1, 1] + input.extents.dropFirst(2)) else {
      throw Declined("the input is no image")
    }
    let ones = Tensor(
      TensorType(.f32, plane), rounding: Array(repeating: 1, count: plane.elementCount))
    func pooled(_ kind: PoolKind) throws(Declined) -> Tensor {
      var definition = pool
      definition.kind = kind
      do {
        let types = try definition.resultTypes(of: OperandTypes<Pool>([ones.type]))
        return try definition.evaluate(OperandTensors<Pool>([ones]), resultTypes: types)[0]
      } catch {
        throw Declined("\(error)")
      }
    }
    let (sums, means) = (try pooled(.sum), try pooled(.average))
    let (counts, quotients) = (sums.doubles(), means.doubles())
    guard counts.allSatisfy({ $0 > 0 }), quotients.allSatisfy({ $0 > 0 }) else {
      throw Declined("a window holds padding alone")
    }
    let divisors = zip(counts, quotients).map { Int(($0 / $1).rounded()) }
    let inside = counts.map { Int($0) }
    let isUniform = zip(inside, divisors).allSatisfy { $0 == inside[0] && $1 == divisors[0] }
    shape = isUniform ? .scalar : sums.shape
    self.inside = isUniform ? [inside[0]] : inside
    self.divisors = isUniform ? [divisors[0]] : divisors
  }

  var areUniform: Bool { inside.count == 1 }
}

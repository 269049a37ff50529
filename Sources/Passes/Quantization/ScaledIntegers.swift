// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Integers with the constants that make numbers of them: what a `dequantize` reads, or a `quantize`
/// makes.
struct ScaledIntegers {
  /// The integers.
  private(set) var value: ValueID
  let element: ElementType
  /// One number, or one for each position along `axis`.
  let scales: [Double]
  let zeroPoints: [Int]
  /// The axis of the scales; nil if there is one scale alone.
  let axis: Int?

  /// What a value is dequantized from.
  init(behind value: ValueID, _ rw: borrowing Rewriter) throws(Declined) {
    let op = try rw.producer(of: value, as: Dequantize.self)
    let scale = try rw.constant(op, .scale)
    let zero = try rw.constantIfPresent(op, .zeroPoint)
    try self.init(try rw.operand(op, .input), scale, zero, axis: op.axis, block: op.block, rw)
  }

  /// What a `quantize` makes.
  init(of op: OpRef<Quantize>, _ rw: borrowing Rewriter) throws(Declined) {
    let scale = try rw.constant(op, .scale)
    let zero = try rw.constantIfPresent(op, .zeroPoint)
    try self.init(rw.graph.result(op), scale, zero, axis: op.axis, block: op.block, rw)
  }

  private init(
    _ value: ValueID, _ scale: Tensor, _ zero: Tensor?, axis: Int, block: Int,
    _ rw: borrowing Rewriter
  ) throws(Declined) {
    try rw.require(block == 0, "the scale is blocked")
    self.value = value
    element = rw.graph.type(of: value).element
    // So that differences to the zero point, and bounds that are rounded, are integers.
    try rw.require(element.bitCount <= 32, "\(element.rawValue) has more than 32 bits")
    scales = scale.doubles()
    zeroPoints = zero.map { $0.integers().map { Int($0) } } ?? scales.map { _ in 0 }
    self.axis = scale.count > 1 ? axis : nil
    try rw.require(
      scales.allSatisfy { $0 > 0 && $0.isFinite } && zeroPoints.count == scales.count,
      "a scale is not positive")
  }

  /// Other integers on the same grid.
  func with(_ value: ValueID) -> ScaledIntegers {
    var integers = self
    integers.value = value
    return integers
  }

  /// Declines unless there is one scale alone.
  func requireOneScale(_ what: String, _ rw: borrowing Rewriter) throws(Declined) {
    try rw.require(scales.count == 1, "\(what) has a scale for each channel")
  }

  /// Whether the numbers of both are the same for the same integers.
  func isSameGrid(as other: ScaledIntegers) -> Bool {
    element == other.element && scales == other.scales && zeroPoints == other.zeroPoints
      && axis == other.axis
  }

  /// The integer nearest to a number, within the type's limits, that of zero for none; there is one scale.
  func integer(of x: Double) -> Int {
    guard !x.isNaN else { return zeroPoints[0] }
    let limits = element.integerRange ?? 0...0
    let q = (x / scales[0]).rounded(.toNearestOrEven) + Double(zeroPoints[0])
    return Int(min(max(q, Double(limits.lowerBound)), Double(limits.upperBound)))
  }
}

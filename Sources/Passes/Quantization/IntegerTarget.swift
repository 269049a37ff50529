// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Rewriting
import Tensors

/// Where integers go that are computed between `dequantize` and `quantize`: the grid of the quantize,
/// and the bounds in front of it.
struct IntegerTarget {
  let op: OpRef<Quantize>
  let grid: ScaledIntegers
  /// How wide sums are brought onto the grid.
  let form: RequantizeForm
  private let bounds: Bounds

  /// The target that a quantize is, if it has one scale.
  init(
    _ op: OpRef<Quantize>, _ form: RequantizeForm, _ rw: borrowing Rewriter
  ) throws(Declined) {
    self.op = op
    self.form = form
    grid = try ScaledIntegers(of: op, rw)
    try grid.requireOneScale("the result", rw)
    bounds = try Bounds(above: try rw.operand(op, .input), rw)
  }

  /// The number that is bounded and quantized.
  var value: ValueID { bounds.value }

  /// What makes that number.
  func producer(_ rw: borrowing Rewriter) throws(Declined) -> OpID {
    guard let producer = rw.graph.producer(of: value) else {
      throw Declined("no op makes the operand")
    }
    return producer
  }

  /// Where an op comes from together with the quantize.
  func location(_ other: OpID, _ rw: borrowing Rewriter) -> Location {
    rw.graph.location(of: other).joined(with: rw.graph.location(of: op.id))
  }

  /// Puts wide sums, in units of `scales` steps of the grid, into the place of the quantize.
  ///
  /// - Parameter axis: the axis of the result along which the scales lie, if there are several.
  func finish(
    _ sums: ValueID, scales: [Double], axis: Int = 1, location: Location, _ rw: inout Rewriter
  ) throws(Declined) {
    let result = try rw.requantize(
      sums, scales: scales, axis: axis, to: grid, form, location: location)
    try finish(result, location: location, &rw)
  }

  /// Puts integers of the grid into the place of the quantize, within the bounds.
  func finish(
    _ integers: ValueID, location: Location, _ rw: inout Rewriter
  ) throws(Declined) {
    var value = integers
    for (function, integer) in bounds.integers(on: grid) {
      let bound = rw.addConstant(Tensor(scalar: Double(integer), grid.element))
      value = try rw.make(Binary(function), [value, bound], location: location)
    }
    let result = rw.graph.result(op)
    if rw.graph.producer(of: value) != nil, rw.graph.name(of: value).isEmpty {
      rw.setName(of: value, to: rw.graph.name(of: result))
    }
    rw.replaceAllUses(of: result, with: value)
  }
}

extension Rewriter {
  /// Brings wide sums, in units of `scales` steps of a grid, onto it.
  ///
  /// - Parameter axis: the axis of the sums along which the scales lie, if there are several.
  mutating func requantize(
    _ sums: ValueID, scales: [Double], axis: Int = 1, to grid: ScaledIntegers,
    _ form: RequantizeForm, location: Location
  ) throws(Declined) -> ValueID {
    var requantize = Requantize()
    requantize.to = grid.element
    requantize.axis = scales.count == 1 ? 1 : axis
    // Fixed point gives 16 bits at most.
    requantize.form = grid.element.bitCount <= 16 ? form : .float
    let scale = addConstant(Tensor(scales: scales))
    let zero = addConstant(Tensor(scalar: Double(grid.zeroPoints[0]), grid.element))
    return try make(requantize, [sums, scale, zero], location: location)
  }

  /// Puts a value, which takes over the name, into the place of another one.
  mutating func replace(_ old: ValueID, byNamed value: ValueID) {
    setName(of: value, to: graph.name(of: old))
    replaceAllUses(of: old, with: value)
  }
}

extension Tensor {
  /// A vector of integers.
  init(_ element: ElementType, vector values: [Int]) {
    self.init(TensorType(element, .vector(values.count)), wrapping: values.map { Int64($0) })
  }

  /// A vector of f32.
  init(_ values: [Float]) {
    self.init(TensorType(.f32, .vector(values.count)), storage: values)
  }

  /// Scales of `requantize` and `dequantize` in f32, a scalar if there is one. Those beyond the
  /// normal numbers become the nearest of them: it makes 0 of every sum, or the limit.
  init(scales: [Double]) {
    let factors = scales.map { scale in
      let size = min(
        max(abs(scale), Double(Float.leastNormalMagnitude)), Double(Float.greatestFiniteMagnitude))
      return Float(scale < 0 ? -size : size)
    }
    self = factors.count == 1 ? Tensor(scalar: Double(factors[0]), .f32) : Tensor(factors)
  }
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// A convolution or matrix product of dequantized operands whose result is quantized, perhaps behind
/// bounds, as one of integers (Jacob et al. 2018, section 2.2). The sums have 32 bits where that is
/// proven to be enough, else 64.
enum IntegerLayer {
  static func rewrite(
    _ op: OpRef<Quantize>, _ form: RequantizeForm, _ rw: inout Rewriter
  ) throws(Declined) {
    let target = try IntegerTarget(op, form, rw)
    let (layer, addition) = try Self.layer(target, rw)
    let location = target.location(layer, rw)
    let step = target.grid.scales[0]
    let sums = try Self.sums(of: layer, adding: addition, resultStep: step, location, &rw)
    try target.finish(
      sums.value, scales: sums.steps.map { $0 / step }, axis: sums.axis, location: location, &rw)
  }

  /// Wide sums of integer products with what one of them stands for.
  struct Sums {
    let value: ValueID
    /// One step, or one for each position along `axis`.
    let steps: [Double]
    let axis: Int
  }

  /// Makes the sums of a layer of dequantized operands.
  ///
  /// - Parameters:
  ///   - addition: what is added to the layer's result alone, if anything is.
  ///   - resultStep: the step of the result. A bias that would be more than half of it off at a whole
  ///     number of steps of the sums is added with binary places behind the point.
  static func sums(
    of layer: OpID, adding addition: ValueID? = nil, resultStep: Double? = nil,
    _ location: Location, _ rw: inout Rewriter
  ) throws(Declined) -> Sums {
    let operands = rw.graph.operands(of: layer)
    let shape = try LayerShape(layer, rw.graph)
    guard let x = operands[0], let w = operands[1] else { throw Declined("an operand is absent") }
    try rw.require(operands.count < 4, "the layer has zero points")
    let input = try ScaledIntegers(behind: x, rw)
    let weight = try ScaledIntegers(behind: w, rw)
    try input.requireOneScale("the input", rw)
    try rw.require(
      weight.axis == nil || weight.axis == shape.weightAxis, "the weight is not scaled by its outputs")
    try rw.require(
      input.element.bitCount <= 16 && weight.element.bitCount <= 16, "the integers are too wide")
    let weights = rw.graph.tensor(weight.value)
    try rw.require(
      weights != nil || weight.scales.count == 1, "the computed weight has a scale for each output")
    let steps = weight.scales.map { $0 * input.scales[0] }
    let biasOperand = addition ?? (operands.count > 2 ? operands[2] : nil)
    if let addition {
      try rw.require(operands.count == 2, "a bias is added to a bias")
      let added = rw.graph.type(of: addition).shape
      let result = rw.graph.type(of: rw.graph.results(of: layer)[0]).shape
      let axis = added.rank - (result.rank - shape.resultAxis)
      try rw.require(
        added.elementCount == shape.outputs && axis >= 0 && added[axis] == shape.outputs,
        "what is added is not one number for each output")
    }
    let (bias, rest) = try self.bias(biasOperand, steps, shape.outputs, rw)
    let range: AccumulatorRange
    if let weights {
      range = try AccumulatorRange(
        weights: weights, zeros: weight.zeroPoints, axis: shape.weightAxis,
        reach: input.reach(rw), bias: bias)
    } else {
      range = try AccumulatorRange(
        depth: shape.depth, reaches: (input.reach(rw), weight.reach(rw)), bias: bias)
    }
    let places = resultStep.map { Self.places(rest, steps, $0) } ?? 0
    try rw.require(
      places < 46 && range.bound < 1 << (46 - places),
      "the bias lies between steps of the sums that are too far apart")
    let zero = try self.zero(input, rw)
    let value = try rw.make(
      shape.definition(isWide: !range.isNarrow),
      [
        input.value, weight.value,
        bias.map {
          rw.addConstant(
            Tensor(range.isNarrow ? .i32 : .i64, vector: $0), name: name(biasOperand, rw))
        },
        zero.map { rw.addConstant($0) }, try self.zero(weight, rw).map { rw.addConstant($0) },
      ], location: location)
    let sums = Sums(value: value, steps: steps, axis: shape.resultAxis)
    return places == 0 ? sums : try adding(rest, to: sums, places, range, location, &rw)
  }

  /// The layer that makes what is quantized, and what is added to its result alone, if anything is.
  private static func layer(
    _ target: IntegerTarget, _ rw: borrowing Rewriter
  ) throws(Declined) -> (layer: OpID, addition: ValueID?) {
    let producer = try target.producer(rw)
    guard let sum = rw.graph.definition(of: producer) as? Binary, sum.function == .add else {
      return (producer, nil)
    }
    let operands = rw.graph.operands(of: producer)
    for (slot, value) in operands.enumerated() {
      guard let value, rw.graph.hasSingleUse(value), let layer = rw.graph.producer(of: value),
        rw.graph.definition(of: layer) is Convolution
          || rw.graph.definition(of: layer) is MatrixMultiply,
        rw.graph.type(of: value) == rw.graph.type(of: target.value)
      else { continue }
      return (layer, operands[1 - slot])
    }
    throw Declined("the operand is a sum of no layer")
  }

  /// The bias in steps of input scale · weight scale, and what it has between two.
  private static func bias(
    _ value: ValueID?, _ steps: [Double], _ outputs: Int, _ rw: borrowing Rewriter
  ) throws(Declined) -> (steps: [Int]?, rest: [Double]) {
    guard let value else { return (nil, []) }
    let numbers: [Double]
    if let tensor = rw.graph.tensor(value) {
      numbers = tensor.doubles()
    } else {
      let scaled = try ScaledIntegers(behind: value, rw)
      let integers = try rw.constant(scaled.value)
      let isSame = scaled.scales.count == steps.count
        && zip(scaled.scales, steps).allSatisfy { abs($0 - $1) <= 1e-6 * $1 }
      if isSame, scaled.zeroPoints.allSatisfy({ $0 == 0 }), scaled.element == .i32 {
        return (integers.integers().map { Int($0) }, [])
      }
      numbers = scaled.numbers(of: integers)
    }
    try rw.require(numbers.count == outputs, "the bias has another length")
    var rest: [Double] = []
    let whole = try numbers.enumerated().map { (position, x) throws(Declined) in
      let step = steps[steps.count == 1 ? 0 : position]
      let q = (x / step).rounded(.toNearestOrEven)
      try rw.require(abs(q) < 0x1p46, "the bias does not fit into 48 bits")
      rest.append(x - q * step)
      return Int(q)
    }
    return (whole, rest)
  }

  /// How many binary places a bias needs that lies between steps of the sums, for an error of at most
  /// 1/64 of the result's step; 0 if it is at most half of one off without.
  private static func places(_ rest: [Double], _ steps: [Double], _ resultStep: Double) -> Int {
    guard rest.contains(where: { abs($0) > resultStep / 2 }) else { return 0 }
    let scale = (steps.max() ?? 0) / resultStep
    return scale.isFinite ? Int(max(scale * 32, 1).exponent) + 1 : 64
  }

  /// Sums in steps of 2⁻ᵖ of theirs, and what the bias has between these.
  private static func adding(
    _ rest: [Double], to sums: Sums, _ places: Int, _ range: AccumulatorRange,
    _ location: Location, _ rw: inout Rewriter
  ) throws(Declined) -> Sums {
    var extents = Array(repeating: 1, count: rw.graph.type(of: sums.value).shape.rank)
    extents[sums.axis] = rest.count
    guard let along = Shape(extents) else { throw Declined("the bias is too long") }
    let unit = Double(sign: .plus, exponent: places, significand: 1)
    let steps = sums.steps.map { $0 / unit }
    let element: ElementType = range.bound < 1 << (30 - min(places, 30)) ? .i32 : .i64
    let parts = rest.enumerated().map { $1 / steps[steps.count == 1 ? 0 : $0] }
    var value = sums.value
    if rw.graph.type(of: value).element != element {
      value = try rw.make(Cast(to: element), [value], location: location)
    }
    let factor = rw.addConstant(Tensor(scalar: unit, element))
    value = try rw.make(Binary(.mul), [value, factor], location: location)
    let added = rw.addConstant(Tensor(TensorType(element, along), rounding: parts))
    value = try rw.make(Binary(.add), [value, added], location: location)
    return Sums(value: value, steps: steps, axis: sums.axis)
  }

  /// The zero points as an operand; nil if all are 0.
  private static func zero(
    _ integers: ScaledIntegers, _ rw: borrowing Rewriter
  ) throws(Declined) -> Tensor? {
    if integers.zeroPoints.allSatisfy({ $0 == 0 }) { return nil }
    if integers.axis == nil {
      return Tensor(scalar: Double(integers.zeroPoints[0]), integers.element)
    }
    return Tensor(integers.element, vector: integers.zeroPoints)
  }

  private static func name(_ value: ValueID?, _ rw: borrowing Rewriter) -> String {
    value.map { rw.graph.name(of: $0) } ?? ""
  }
}

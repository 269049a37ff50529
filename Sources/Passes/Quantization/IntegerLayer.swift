// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// A convolution or matrix product of dequantized operands whose result is quantized, perhaps behind
/// bounds, as one of integers (Jacob et al. 2018, section 2.2).
enum IntegerLayer {
  static func rewrite(_ op: OpRef<Quantize>, _ rw: inout Rewriter) throws(Declined) {
    let target = try ScaledIntegers(of: op, rw)
    try target.requireOneScale("the result", rw)
    let bounds = try Bounds(above: try rw.operand(op, .input), rw)
    guard let layer = rw.graph.producer(of: bounds.value) else {
      throw Declined("no layer makes the operand")
    }
    let definition = rw.graph.definition(of: layer)
    let (outputAxis, channelAxis) = try axes(of: definition, bounds.value, rw)
    let operands = rw.graph.operands(of: layer)
    guard let x = operands[0], let w = operands[1] else { throw Declined("an operand is absent") }
    try rw.require(operands.count < 4, "the layer has zero points")
    let input = try ScaledIntegers(behind: x, rw)
    let weight = try ScaledIntegers(behind: w, rw)
    try input.requireOneScale("the input", rw)
    try rw.require(
      weight.axis == nil || weight.axis == outputAxis, "the weight is not scaled by its outputs")
    let weights = try rw.constant(weight.value)
    let outputs = weights.shape[outputAxis]
    let steps = weight.scales.map { $0 * input.scales[0] }
    let bias = try self.bias(operands.count > 2 ? operands[2] : nil, steps, outputs, rw)
    try requireRoom(weights, weight, input, bias, outputAxis, rw)

    let location = rw.graph.location(of: layer).joined(with: rw.graph.location(of: op.id))
    let zero = try self.zero(input, rw)
    let sums = try rw.make(
      definition,
      [
        input.value, weight.value,
        bias.map { rw.addConstant(Tensor(.i32, vector: $0), name: name(operands[2], rw)) },
        zero.map { rw.addConstant($0) }, try self.zero(weight, rw).map { rw.addConstant($0) },
      ], location: location)
    var requantize = Requantize()
    requantize.to = target.element
    requantize.axis = channelAxis
    let factors = steps.map { Float($0 / target.scales[0]) }
    let scale = factors.count == 1 ? Tensor(scalar: Double(factors[0]), .f32) : Tensor(factors)
    let targetZero = rw.addConstant(Tensor(scalar: Double(target.zeroPoints[0]), target.element))
    var result = try rw.make(
      requantize, [sums, rw.addConstant(scale), targetZero], location: location)
    for (function, integer) in bounds.integers(on: target) {
      let bound = rw.addConstant(Tensor(scalar: Double(integer), target.element))
      result = try rw.make(Binary(function), [result, bound], location: location)
    }
    rw.setName(of: result, to: rw.graph.name(of: rw.graph.result(op)))
    rw.replaceAllUses(of: rw.graph.result(op), with: result)
  }

  /// The axis of the weight along which outputs lie, and the axis of the result that they make.
  private static func axes(
    of definition: any OpDefinition, _ result: ValueID, _ rw: borrowing Rewriter
  ) throws(Declined) -> (weight: Int, result: Int) {
    switch definition {
    case is Convolution: return (0, 1)
    case let product as MatrixMultiply:
      return (product.transposeRHS ? 0 : 1, rw.graph.type(of: result).shape.rank - 1)
    default: throw Declined("\(type(of: definition).name) is no layer of integers")
    }
  }

  /// The bias in steps of input scale · weight scale.
  private static func bias(
    _ value: ValueID?, _ steps: [Double], _ outputs: Int, _ rw: borrowing Rewriter
  ) throws(Declined) -> [Int]? {
    guard let value else { return nil }
    let numbers: [Double]
    if let tensor = rw.graph.tensor(value) {
      numbers = tensor.doubles()
    } else {
      let scaled = try ScaledIntegers(behind: value, rw)
      let integers = try rw.constant(scaled.value).integers()
      let isSame = scaled.scales.count == steps.count
        && zip(scaled.scales, steps).allSatisfy { abs($0 - $1) <= 1e-6 * $1 }
      if isSame, scaled.zeroPoints.allSatisfy({ $0 == 0 }), scaled.element == .i32 {
        return integers.map { Int($0) }
      }
      numbers = integers.enumerated().map { position, q in
        let place = scaled.scales.count == 1 ? 0 : position
        return Double(Int(q) - scaled.zeroPoints[place]) * scaled.scales[place]
      }
    }
    try rw.require(numbers.count == outputs, "the bias has another length")
    return try numbers.enumerated().map { (position, x) throws(Declined) in
      let q = (x / steps[steps.count == 1 ? 0 : position]).rounded(.toNearestOrEven)
      try rw.require(abs(q) < 0x1p31, "the bias does not fit into 32 bits")
      return Int(q)
    }
  }

  /// Declines unless no sum can leave 32 bits: Σ |w| · max |x| + |bias| for each output.
  private static func requireRoom(
    _ weights: Tensor, _ weight: ScaledIntegers, _ input: ScaledIntegers, _ bias: [Int]?,
    _ axis: Int, _ rw: borrowing Rewriter
  ) throws(Declined) {
    guard let range = input.element.integerRange, input.element.bitCount <= 16,
      weight.element.bitCount <= 16
    else { throw Declined("the integers are too wide") }
    let zero = input.zeroPoints[0]
    let largest = max(zero - Int(range.lowerBound), Int(range.upperBound) - zero)
    let outputs = weights.shape[axis]
    let inner = weights.shape.extents[(axis + 1)...].reduce(1, *)
    var sums = Array(repeating: 0, count: outputs)
    for (i, w) in weights.integers().enumerated() {
      let output = i / inner % outputs
      sums[output] += abs(Int(w) - weight.zeroPoints[weight.axis == nil ? 0 : output])
    }
    for (output, sum) in sums.enumerated() {
      let (product, overflow) = sum.multipliedReportingOverflow(by: largest)
      try rw.require(
        !overflow && product < 1 << 40 && product + abs(bias?[output] ?? 0) < 1 << 31,
        "the sum of output \(output) may leave 32 bits")
    }
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

/// The bounds (relu, clip) between a value and the one that they were made from, each read once.
struct Bounds {
  /// What is bounded.
  private(set) var value: ValueID
  private var low = -Double.infinity
  private var high = Double.infinity

  /// Looks upwards from a value.
  init(above value: ValueID, _ rw: borrowing Rewriter) throws(Declined) {
    self.value = value
    while true {
      try rw.requireSingleUse(self.value)
      guard let producer = rw.graph.producer(of: self.value),
        let unary = rw.graph.definition(of: producer) as? Unary,
        let input = rw.graph.operands(of: producer)[0]
      else { return }
      switch unary.function {
      case .relu: low = max(low, 0)
      case .clip:
        low = max(low, Double(unary.alpha))
        high = min(high, Double(unary.beta))
      default: return
      }
      self.value = input
    }
  }

  /// The bounds as integers where the type's own limits do not imply them.
  func integers(on grid: ScaledIntegers) -> [(BinaryFunction, Int)] {
    guard let limits = grid.element.integerRange else { return [] }
    var bounds: [(BinaryFunction, Int)] = []
    let lowest = low == -.infinity ? Int(limits.lowerBound) : grid.integer(of: low)
    if lowest > limits.lowerBound { bounds.append((.max, lowest)) }
    let highest = high == .infinity ? Int(limits.upperBound) : grid.integer(of: high)
    if highest < limits.upperBound { bounds.append((.min, highest)) }
    return bounds
  }
}

extension Tensor {
  /// A vector of integers.
  fileprivate init(_ element: ElementType, vector values: [Int]) {
    guard let shape = Shape([values.count]) else { unreachable("a count makes a shape") }
    self.init(TensorType(element, shape), wrapping: values.map { Int64($0) })
  }

  /// A vector of f32.
  fileprivate init(_ values: [Float]) {
    guard let shape = Shape([values.count]) else { unreachable("a count makes a shape") }
    self.init(TensorType(.f32, shape), storage: values)
  }
}

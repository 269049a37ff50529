// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// The bias of a layer, to which numbers can be added: a constant, integers with a `dequantize`
/// behind that are rounded to their own steps, or none so far.
struct QuantizedBias {
  /// Whether `add` can add numbers to the bias of a layer.
  static func isOpen(_ op: OpID, in graph: Graph) -> Bool {
    let operands = graph.operands(of: op)
    guard operands.count > 2, let bias = operands[2], graph.tensor(bias) == nil else { return true }
    guard let producer = graph.producer(of: bias),
      let dequantize = graph.op(producer, as: Dequantize.self), dequantize.block == 0,
      graph.operand(dequantize, .input).flatMap({ graph.tensor($0) }) != nil,
      let scale = graph.operand(dequantize, .scale).flatMap({ graph.tensor($0) }),
      scale.doubles().allSatisfy({ $0 > 0 && $0.isFinite })
    else { return false }
    guard let zero = graph.operand(dequantize, .zeroPoint) else { return true }
    return graph.tensor(zero)?.uniformValue == 0
  }

  /// Adds a number for each channel to the bias of a layer; returns the op that the layer is then.
  ///
  /// - Throws: `Declined` if the bias is computed, or what stands behind it is not finite.
  static func add(
    _ numbers: [Double], to op: OpID, _ rw: inout Rewriter
  ) throws(Declined) -> OpID {
    try rw.require(numbers.allSatisfy(\.isFinite), "the correction is not finite")
    let operands = rw.graph.operands(of: op)
    guard operands.count > 2, let bias = operands[2] else {
      var dequantize = Dequantize()
      dequantize.axis = 0
      let steps = newSteps(op, rw)
      let zeros = Array(repeating: 0.0, count: numbers.count)
      let value = try constant(zeros, numbers, steps, dequantize, name: "bias", op, &rw)
      var all = operands
      while all.count < 3 { all.append(nil) }
      all[2] = value
      return try replace(op, all, &rw)
    }
    if let tensor = rw.graph.tensor(bias) {
      let name = rw.graph.constant(bias)?.name ?? "bias"
      let sums = zip(tensor.doubles(), numbers).map { $0 + $1 }
      let value = rw.addConstant(Tensor(tensor.type, rounding: sums), name: name)
      rw.setOperand(of: op, slot: 2, to: value)
      return op
    }
    let dequantize = try rw.producer(of: bias, as: Dequantize.self)
    try rw.require(dequantize.block == 0, "the bias has blocked scales")
    let integers = try rw.constant(dequantize, .input)
    let scale = try rw.constant(dequantize, .scale)
    let zero = try rw.constantIfPresent(dequantize, .zeroPoint)
    try rw.require(
      zero?.integers().allSatisfy { $0 == 0 } ?? true, "the bias has a zero point")
    let name = rw.graph.operand(dequantize, .input).flatMap { rw.graph.constant($0)?.name }
    let value = try constant(
      integers.doubles(), numbers, (scale, integers.element), dequantize.attributes,
      name: name ?? "bias", op, &rw)
    rw.setOperand(of: op, slot: 2, to: value)
    if rw.graph.results(of: dequantize.id).allSatisfy({ !rw.graph.isUsed($0) }) {
      rw.erase(dequantize.id)
    }
    return op
  }

  /// The steps of a bias that can be added to the sum of integer products: input scale · weight
  /// scale; nil if the layer computes with floats.
  private static func newSteps(
    _ op: OpID, _ rw: borrowing Rewriter
  ) -> (scale: Tensor, element: ElementType)? {
    let place = ChannelOp(graph: rw.graph, id: op)
    guard let input = scale(place, 0), let weight = scale(place, 1), input.count == 1 else {
      return nil
    }
    let step = input.doubles()[0]
    let least = Double(Float.leastNormalMagnitude)
    let steps = weight.doubles().map { max($0 * step, least) }
    return (Tensor(weight.type, rounding: steps), .i32)
  }

  /// The scale of the `dequantize` that makes an operand.
  private static func scale(_ place: ChannelOp, _ slot: Int) -> Tensor? {
    guard let value = place.value(slot), let producer = place.graph.producer(of: value),
      let dequantize = place.graph.op(producer, as: Dequantize.self), dequantize.block == 0
    else { return nil }
    return place.graph.operand(dequantize, .scale).flatMap { place.graph.tensor($0) }
  }

  /// A constant bias of `old` steps, or of floats if there are none, with numbers added.
  private static func constant(
    _ old: [Double], _ numbers: [Double], _ steps: (scale: Tensor, element: ElementType)?,
    _ dequantize: Dequantize, name: String, _ op: OpID, _ rw: inout Rewriter
  ) throws(Declined) -> ValueID {
    let shape = Shape.vector(numbers.count)
    guard let (scale, element) = steps else {
      let sums = zip(old, numbers).map { $0 + $1 }
      return rw.addConstant(Tensor(TensorType(.f32, shape), rounding: sums), name: name)
    }
    let sizes = scale.doubles()
    try rw.require(
      sizes.allSatisfy { $0 > 0 && $0.isFinite } && (sizes.count == 1 || sizes.count == old.count),
      "a scale of the bias is not positive")
    let integers = old.indices.map { i in
      let step = sizes[sizes.count == 1 ? 0 : i]
      return old[i] + (numbers[i] / step).rounded(.toNearestOrEven)
    }
    let tensor = Tensor(TensorType(element, shape), rounding: integers)
    let saved = rw.insertionPoint
    rw.insertionPoint = op
    defer { rw.insertionPoint = saved }
    let location = rw.graph.location(of: op)
    let parts = [
      rw.addConstant(tensor, name: name), rw.addConstant(scale, name: "\(name)_scale"),
    ]
    return try rw.make(dequantize, parts, location: location)
  }

  private static func replace(
    _ op: OpID, _ operands: [ValueID?], _ rw: inout Rewriter
  ) throws(Declined) -> OpID {
    do {
      let results = try rw.replace(op, with: rw.graph.definition(of: op), operands)
      return rw.graph.producer(of: results[0]) ?? op
    } catch {
      throw Declined(error.description)
    }
  }
}

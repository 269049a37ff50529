// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

/// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear.
enum QuantizationFamily: OperatorFamily {
  static let importers = [
    OperatorImporter("QuantizeLinear", since: 10, quantizeCoverage, read: quantize),
    OperatorImporter("DequantizeLinear", since: 10, dequantizeCoverage, read: dequantize),
    OperatorImporter("DynamicQuantizeLinear", since: 11, read: dynamicQuantize),
  ]

  static let quantizeCoverage = "to integers of at most 16 bits"
  static let dequantizeCoverage = "from int32 and integers of at most 16 bits"

  @Sendable static func quantize(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    // `saturate` speaks of 8-bit floats; `precision` may ask for less than the f32 we divide in.
    node.ignore("saturate", "precision")
    let x = try node.input(0)
    let scale = try scale(node, for: x, divides: true)
    var op = Quantize()
    (op.axis, op.block) = (scale.axis, scale.block)
    var target = ElementType.u8
    if try node.int("output_dtype", default: 0) != 0 {
      target = try CastFamily.element(node, "output_dtype")
    } else if let zero = node.optional(2) {
      target = node.type(zero).element
    }
    if let zero = node.optional(2), node.type(zero).element != target {
      throw node.failure(
        "output_dtype is \(target.rawValue), the zero point \(node.type(zero).element.rawValue)")
    }
    try node.checkQuantized(target)
    op.to = target
    return [try node.insert(op, x, scale.value, scale.zeroPoint)]
  }

  @Sendable static func dequantize(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let x = try node.input(0)
    try node.checkDequantized(node.type(x).element)
    let scale = try scale(node, for: x)
    var op = Dequantize()
    (op.axis, op.block) = (scale.axis, scale.block)
    let y = try node.insert(op, x, scale.value, scale.zeroPoint)
    guard try node.int("output_dtype", default: 0) != 0 else { return [y] }
    return [try node.cast(y, to: try CastFamily.element(node, "output_dtype"))]
  }

  private struct Scale {
    var value: ValueID
    var zeroPoint: ValueID?
    var axis = 0
    var block = 0
  }

  /// The scale and the zero point in the shapes that our ops take.
  private static func scale(
    _ node: NodeContext, for x: ValueID, divides: Bool = false
  ) throws(Failure) -> Scale {
    var scale = Scale(
      value: try node.scale(1, divides: divides), zeroPoint: node.optional(2))
    let axis = try node.int("axis", default: 1)
    let block = try node.int("block_size", default: 0)
    let count = node.type(scale.value).shape.elementCount
    if let zero = scale.zeroPoint, node.extents(zero) != node.extents(scale.value) {
      let zeros = node.type(zero).shape.elementCount
      guard zeros == count || zeros == 1 else {
        throw node.failure(
          "scale \(node.type(scale.value)) and zero point \(node.type(zero)) do not fit")
      }
      let wanted = node.extents(scale.value)
      scale.zeroPoint = zeros == count
        ? try node.reshape(zero, wanted)
        : try node.broadcast(try node.reshape(zero, []), wanted)
    }
    if count == 1, node.rank(scale.value) <= 1, block == 0 { return scale }
    scale.axis = try node.axis(axis, rank: node.rank(x))
    guard block >= 0, block <= 1 << 40 else { throw node.failure("block_size is \(block)") }
    scale.block = block
    return scale
  }

  @Sendable static func dynamicQuantize(_ node: NodeContext) throws(Failure) -> [ValueID?] {
    let (y, scale, zero) = try dynamic(node, of: try node.input(0))
    return [y, scale, zero]
  }

  /// The range of the data, widened to hold 0, onto 0 … 255, as the body of the ONNX function has
  /// it; data that are all 0 get the scale 1 in place of 0, as in onnxruntime.
  static func dynamic(
    _ node: NodeContext, of x: ValueID
  ) throws(Failure) -> (value: ValueID, scale: ValueID, zeroPoint: ValueID) {
    let axes = Array(0..<node.rank(x))
    let zero = node.scalar(0, like: x)
    let most = node.scalar(255, like: x)
    let low = try node.binary(.min, try node.reduce(.min, x, axes: axes, keep: false), zero)
    let high = try node.binary(.max, try node.reduce(.max, x, axes: axes, keep: false), zero)
    let step = try node.binary(.div, try node.binary(.sub, high, low), most)
    let scale = try node.insert(
      Select(), try node.binary(.greater, step, zero), step, node.scalar(1, like: x))
    let offset = try node.binary(.sub, zero, try node.binary(.div, low, scale))
    let clipped = try node.unary(.clip, offset, alpha: 0, beta: 255)
    let zeroPoint = try node.cast(try node.unary(.round, clipped), to: .u8)
    var op = Quantize()
    op.to = .u8
    return (try node.insert(op, x, scale, zeroPoint), scale, zeroPoint)
  }
}

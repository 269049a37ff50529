// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

extension Quantize: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    try requireQuantizable(to, op)
    let scale = try op.type(1)
    let x = try op.type(0).element == .f32 ? op.operand(0) : op.cast(op.operand(0), to: .f32)
    let factor = scale.element == .f32 ? op.operand(1) : try op.cast(op.operand(1), to: .f32)
    // The zero point names the type; the attribute that could is newer, and runtimes trip over it.
    let zero =
      op.operand(2).isEmpty
      ? try op.filled(0, TensorType(to, scale.shape)) : op.operand(2)
    op.finish("QuantizeLinear", [x, factor, zero], scaleAttributes(axis, block, scale))
  }
}

extension Dequantize: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    let element = try op.type(0).element
    guard element.bitCount <= 16 || element == .i32 else {
      throw op.unsupported("ONNX dequantises i32 and at most 16 bits, not \(element.rawValue)")
    }
    op.finish("DequantizeLinear", op.operands, scaleAttributes(axis, block, try op.type(1)))
  }
}

extension Requantize: Exportable {
  /// With a float scale the product by Mul, the rounding by a QuantizeLinear of scale 1.
  func export(_ op: ExportContext) throws(Failure) {
    try requireQuantizable(to, op)
    if form == .fixedPoint { return try exportFixedPoint(op) }
    let (x, scale) = (try op.type(0), try op.type(1))
    let wide = try op.cast(op.operand(0), to: .f32)
    let factor = try op.along(op.operand(1), scale, axis: axis, rank: x.shape.rank)
    let scaled = op.add("Mul", [wide, factor])
    guard !op.operand(2).isEmpty else {
      op.finish("QuantizeLinear", [scaled, try op.scalar(1, .f32), try op.scalar(0, to)])
      return
    }
    let zero = try op.type(2)
    let one = try op.filled(1, TensorType(.f32, zero.shape))
    op.finish("QuantizeLinear", [scaled, one, op.operand(2)], scaleAttributes(axis, 0, zero))
  }
}

extension Requantize {
  /// floor(x · scale + 1/2) without a rounding on the way: x, which has at most 48 bits, in two parts of
  /// 24, whose products with the 24 bits of a scale f64 holds. The products are added as wholes, and
  /// what lies behind their points by comparisons. Scales so small that f64 does not hold what lies
  /// there make 0 of every x, which those roundings do not change.
  private func exportFixedPoint(_ op: ExportContext) throws(Failure) {
    guard let range = to.integerRange else { throw op.unsupported("ONNX has no \(to.rawValue)") }
    let rank = try op.type(0).shape.rank
    func number(_ value: Double) throws(Failure) -> String { try op.scalar(value, .f64) }
    func vector(_ slot: Int) throws(Failure) -> String {
      let wide = try op.cast(op.operand(slot), to: .f64)
      return try op.along(wide, try op.type(slot), axis: axis, rank: rank)
    }
    func parts(_ x: String) -> (whole: String, rest: String) {
      let whole = op.add("Floor", [x])
      return (whole, op.add("Sub", [x, whole]))
    }
    let signed = try vector(1)
    // Behind the point of a negative product there may be more bits than f64 holds.
    let scale = op.add("Abs", [signed])
    let limited = op.add(
      "Clip",
      [try op.cast(op.operand(0), to: .f64), try number(-0x1p47), try number(0x1p47 - 1)])
    let x = op.add("Mul", [limited, op.add("Sign", [signed])])
    let unit = try number(0x1p24)
    let high = op.add("Mul", [op.add("Floor", [op.add("Div", [x, unit])]), unit])
    let a = parts(op.add("Mul", [high, scale]))
    let b = parts(op.add("Mul", [op.add("Sub", [x, high]), scale]))
    var result = op.add("Add", [a.whole, b.whole])
    for carry in [0.5, 1.5] {
      let limit = op.add("Sub", [try number(carry), a.rest])
      let isReached = op.add("GreaterOrEqual", [b.rest, limit])
      result = op.add("Add", [result, try op.cast(isReached, to: .f64)])
    }
    if !op.operand(2).isEmpty { result = op.add("Add", [result, try vector(2)]) }
    let narrow = op.add(
      "Clip",
      [result, try number(Double(range.lowerBound)), try number(Double(range.upperBound))])
    op.finish("Cast", [narrow], [try op.castAttribute(to)])
  }
}

/// Refuses what ONNX does not quantise to.
private func requireQuantizable(_ element: ElementType, _ op: ExportContext) throws(Failure) {
  guard element.bitCount <= 16 else {
    throw op.unsupported("ONNX quantises to at most 16 bits, not \(element.rawValue)")
  }
}

/// The attributes of a scale that is not one for all.
private func scaleAttributes(_ axis: Int, _ block: Int, _ scale: TensorType) -> [AttributeProto] {
  guard scale.shape.rank > 0, scale.shape.extents != [1] || block > 0 else { return [] }
  let place = AttributeProto("axis", axis)
  return block == 0 ? [place] : [place, AttributeProto("block_size", block)]
}

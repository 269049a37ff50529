// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

extension Quantize: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
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
    op.finish("DequantizeLinear", op.operands, scaleAttributes(axis, block, try op.type(1)))
  }
}

extension Requantize: Exportable {
  /// The product by Mul, the rounding by a QuantizeLinear of scale 1.
  func export(_ op: ExportContext) throws(Failure) {
    guard to.bitCount <= 16 else {
      throw op.unsupported("ONNX quantises to at most 16 bits, not \(to.rawValue)")
    }
    guard form == .float else { throw op.unsupported("ONNX has no fixed-point scaling") }
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

/// The attributes of a scale that is not one for all.
private func scaleAttributes(_ axis: Int, _ block: Int, _ scale: TensorType) -> [AttributeProto] {
  guard scale.shape.rank > 0, scale.shape.extents != [1] || block > 0 else { return [] }
  let place = AttributeProto("axis", axis)
  return block == 0 ? [place] : [place, AttributeProto("block_size", block)]
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Tensors

/// A weight or bias of a layer: a constant, or in a quantized model a constant of integers with the
/// `dequantize` behind it.
struct LayerConstant {
  /// The numbers that the layer reads.
  let values: Tensor
  /// What makes them of integers: the op and its constant operands by slot.
  private(set) var dequantized: (definition: Dequantize, operands: [Tensor?])?

  /// A constant.
  init(_ values: Tensor) { self.values = values }

  private init(_ definition: Dequantize, _ operands: [Tensor?]) throws(Failure) {
    guard let input = operands[0], let scale = operands[1] else {
      unreachable("dequantize has an input and a scale")
    }
    let type = TensorType(scale.element, input.shape)
    values = try definition.evaluate(
      OperandTensors<Dequantize>(operands), resultTypes: [type])[0]
    dequantized = (definition, operands)
  }

  /// The operand in a slot of an op; nil if it is neither form.
  init?(_ op: ChannelOp, _ slot: Int) {
    if let tensor = op.tensor(slot) {
      self.init(tensor)
      return
    }
    guard let value = op.value(slot), let producer = op.graph.producer(of: value),
      let dequantize = op.graph.definition(of: producer) as? Dequantize, dequantize.block == 0
    else { return nil }
    let operands = op.graph.operands(of: producer)
    let tensors = operands.map { $0.flatMap { op.graph.tensor($0) } }
    guard zip(operands, tensors).allSatisfy({ ($0 == nil) == ($1 == nil) }),
      let made = try? LayerConstant(dequantize, tensors)
    else { return nil }
    self = made
  }

  /// The positions of an axis that are named, in their order.
  func selecting(_ kept: [Int], axis: Int) -> LayerConstant {
    mapping(axis: axis, kept) { $0.selecting(kept, axis: axis) }
  }

  /// Rows (positions of axis 0) in blocks, of each block its own columns (positions of axis 1), as
  /// many in each. Scales along the columns must not be there.
  func selecting(blocks: [(rows: [Int], columns: [Int])]) -> LayerConstant {
    mapping(axis: 0, blocks.flatMap(\.rows)) { tensor in
      Tensor.stacked(
        blocks.map { tensor.selecting($0.rows, axis: 0).selecting($0.columns, axis: 1) })
    }
  }

  /// Whether numbers are scaled along an axis, each position by its own scale.
  func isScaled(along axis: Int) -> Bool {
    guard let (definition, operands) = dequantized, let scale = operands[1] else { return false }
    return scale.count > 1 && definition.axis == axis
  }

  /// A part of it: `part` cuts the numbers, scales along the axis are cut to what is kept.
  private func mapping(
    axis: Int, _ kept: [Int], _ part: (Tensor) -> Tensor
  ) -> LayerConstant {
    guard let (definition, operands) = dequantized else { return LayerConstant(part(values)) }
    let scaled = isScaled(along: axis)
    let parts = operands.enumerated().map { slot, tensor -> Tensor? in
      slot == 0 ? tensor.map(part) : scaled ? tensor?.selecting(kept, axis: 0) : tensor
    }
    guard let made = try? LayerConstant(definition, parts) else {
      unreachable("a part of a constant can be computed like the whole")
    }
    return made
  }
}

extension Tensor {
  /// Tensors of one type but for axis 0, one after the other.
  static func stacked(_ parts: [Tensor]) -> Tensor {
    var extents = parts[0].shape.extents
    extents[0] = parts.reduce(0) { $0 + $1.shape[0] }
    guard let shape = Shape(extents) else { unreachable("parts of a tensor have a shape") }
    let type = TensorType(parts[0].element, shape)
    guard type.element.bitCount % 8 == 0 else {
      return Tensor(type, wrapping: parts.flatMap { $0.integers() })
    }
    let bytes = Bytes(count: type.byteCount) { memory in
      var start = 0
      for part in parts {
        part.bytes.withUnsafeBytes { memory[start..<start + $0.count].copyBytes(from: $0) }
        start += part.bytes.count
      }
    }
    guard let tensor = Tensor(type, bytes: bytes) else { unreachable("the bytes are the type's") }
    return tensor
  }
}

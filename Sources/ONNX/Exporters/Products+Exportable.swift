// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

extension Convolution: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    let (x, w) = (try op.type(0), try op.type(1))
    if isWide { throw op.unsupported("ONNX has no convolution with sums of 64 bits") }
    var attributes = windowAttributes(
      kernel: Array(w.shape.extents.dropFirst(2)), strides, padding, dilations)
    attributes.append(AttributeProto("group", groups))
    if x.element.isFloat {
      op.finish("Conv", [op.operand(0), op.operand(1), op.operand(2)], attributes)
      return
    }
    let inputs = try [0, 1, 3, 4].map { (slot) throws(Failure) in
      try bytes(op, slot, "convolves floats and")
    }
    guard !op.operand(2).isEmpty else {
      op.finish("ConvInteger", inputs, attributes)
      return
    }
    let sum = op.add("ConvInteger", inputs, attributes)
    let bias = try op.along(op.operand(2), try op.type(2), axis: 1, rank: x.shape.rank)
    op.finish("Add", [sum, bias])
  }
}

extension TransposedConvolution: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    let w = try op.type(1)
    let rank = w.shape.rank - 2
    let cut = padding.isEmpty ? Array(repeating: 0, count: 2 * rank) : padding
    var attributes = windowAttributes(
      kernel: Array(w.shape.extents.dropFirst(2)), strides, cut.map { max($0, 0) }, dilations)
    attributes.append(AttributeProto("group", groups))
    if cut.allSatisfy({ $0 >= 0 }) {
      op.finish("ConvTranspose", op.operands, attributes)
      return
    }
    // What is added around the output holds the bias alone, so that it comes behind the padding.
    let hasBias = !op.operand(2).isEmpty
    let inner = op.add("ConvTranspose", [op.operand(0), op.operand(1)], attributes)
    let added = cut.map { max(-$0, 0) }
    let pads = [0, 0] + added[..<rank] + [0, 0] + added[rank...]
    let whole = op.add("Pad", [inner, try op.ints(pads)], isLast: !hasBias)
    if hasBias {
      op.finish("Add", [whole, try op.along(op.operand(2), try op.type(2), axis: 1, rank: rank + 2)])
    }
  }
}

extension MatrixMultiply: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    let (lhs, rhs) = (try op.type(0), try op.type(1))
    let hasBias = !op.operand(2).isEmpty
    let isNarrow = lhs.element.isInteger && lhs.element.bitCount < 32
    if isWide { throw op.unsupported("ONNX has no matrix product with sums of 64 bits") }
    if lhs.shape.rank == 2, rhs.shape.rank == 2, lhs.element.isFloat,
      hasBias || transposeLHS || transposeRHS
    {
      op.finish(
        "Gemm", [op.operand(0), op.operand(1), op.operand(2)],
        [AttributeProto("transA", transposeLHS), AttributeProto("transB", transposeRHS)])
      return
    }
    let does = "multiplies matrices of floats and"
    // Wider first: runtimes do not transpose elements of less than a byte.
    var a = isNarrow ? try bytes(op, 0, does) : op.operand(0)
    var b = isNarrow ? try bytes(op, 1, does) : op.operand(1)
    if transposeLHS { a = transposed(a, lhs.shape.rank, op) }
    if transposeRHS { b = transposed(b, rhs.shape.rank, op) }
    let product: String
    if isNarrow {
      product = op.add(
        "MatMulInteger", [a, b, try bytes(op, 3, does), try bytes(op, 4, does)], isLast: !hasBias)
    } else {
      product = op.add("MatMul", [a, b], isLast: !hasBias)
    }
    if hasBias {
      // A column operand has one bias and leaves no axis for it.
      let bias = rhs.shape.rank == 1 ? op.add("Squeeze", [op.operand(2)]) : op.operand(2)
      op.finish("Add", [product, bias])
    }
  }

  private func transposed(_ name: String, _ rank: Int, _ op: ExportContext) -> String {
    var permutation = Array(0..<rank)
    permutation.swapAt(rank - 2, rank - 1)
    return op.add("Transpose", [name], [AttributeProto("perm", ints: permutation)])
  }
}

/// The name of an operand of 8-bit integers, as integer products take them, or of narrower ones made
/// wider; empty if it is absent.
func bytes(
  _ op: ExportContext, _ slot: Int, _ does: String
) throws(Failure) -> String {
  let name = op.operand(slot)
  guard !name.isEmpty else { return name }
  let element = try op.type(slot).element
  guard element.isInteger, element.bitCount <= 8 else {
    throw op.unsupported("ONNX \(does) 8-bit integers, not \(element.rawValue)")
  }
  if element.bitCount == 8 { return name }
  return try op.cast(name, to: element.kind == .unsigned ? .u8 : .i8)
}

/// The attributes of a convolution or pool; neutral lists are written out.
func windowAttributes(
  kernel: [Int], _ strides: [Int], _ padding: [Int], _ dilations: [Int]
) -> [AttributeProto] {
  let ones = Array(repeating: 1, count: kernel.count)
  var attributes = [
    AttributeProto("kernel_shape", ints: kernel),
    AttributeProto("strides", ints: strides.isEmpty ? ones : strides),
    AttributeProto("pads", ints: padding.isEmpty ? (ones + ones).map { _ in 0 } : padding),
  ]
  // Only where they say something: the fused integer pools of runtimes do not know them.
  if dilations.contains(where: { $0 != 1 }) {
    attributes.append(AttributeProto("dilations", ints: dilations))
  }
  return attributes
}

// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

extension Reduce: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    let type = try op.type(0)
    let x = isWide ? try op.cast(op.operand(0), to: .i32) : op.operand(0)
    guard !axes.isEmpty else {
      switch kind {
      case .sum, .mean, .max, .min, .product, .logSumExp: op.finish("Identity", [x])
      case .l1, .l2: op.finish("Abs", [x])
      case .logSum: op.finish("Log", [x])
      case .sumOfSquares: op.finish("Mul", [x, x])
      }
      return
    }
    let attributes = [AttributeProto("keepdims", keepDimensions)]
    guard !isWide, type.element.isInteger, !isTaken(type.element) else {
      return op.finish(operatorName, [x, try op.ints(axes)], attributes)
    }
    switch kind {
    case .sum, .max, .min, .l1: break
    // What these make on the way leaves i32, and no two runtimes agree on what is left of it.
    case .mean, .product, .l2, .logSum, .logSumExp, .sumOfSquares:
      throw op.unsupported("ONNX has no \(operatorName) of \(type.element.rawValue)")
    }
    let wide = try op.cast(x, to: .i32)
    let result = op.add(operatorName, [wide, try op.ints(axes)], attributes)
    op.finish("Cast", [result], [try op.castAttribute(type.element)])
  }

  /// Whether ONNX reduces integers of a type: those of 32 bits and more, and the order of bytes.
  private func isTaken(_ element: ElementType) -> Bool {
    element.bitCount >= 32 || element.bitCount == 8 && (kind == .max || kind == .min)
  }

  private var operatorName: String {
    switch kind {
    case .sum: "ReduceSum"
    case .mean: "ReduceMean"
    case .max: "ReduceMax"
    case .min: "ReduceMin"
    case .product: "ReduceProd"
    case .l1: "ReduceL1"
    case .l2: "ReduceL2"
    case .logSum: "ReduceLogSum"
    case .logSumExp: "ReduceLogSumExp"
    case .sumOfSquares: "ReduceSumSquare"
    }
  }
}

extension ArgReduce: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    op.finish(
      kind == .max ? "ArgMax" : "ArgMin", op.operands,
      [
        AttributeProto("axis", axis), AttributeProto("keepdims", keepDimensions),
        AttributeProto("select_last_index", selectsLast),
      ])
  }
}

extension Softmax: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    op.finish(logarithm ? "LogSoftmax" : "Softmax", op.operands, [AttributeProto("axis", axis)])
  }
}

extension BatchNorm: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    op.finish("BatchNormalization", op.operands, [AttributeProto("epsilon", epsilon)])
  }
}

extension LocalResponseNorm: Exportable {
  func export(_ op: ExportContext) throws(Failure) {
    op.finish(
      "LRN", op.operands,
      [
        AttributeProto("size", size), AttributeProto("alpha", alpha), AttributeProto("beta", beta),
        AttributeProto("bias", bias),
      ])
  }
}

extension Normalize: Exportable {
  /// InstanceNormalization where the axes are the spatial ones, else the arithmetic.
  func export(_ op: ExportContext) throws(Failure) {
    let type = try op.type(0)
    let x = op.operand(0)
    if type.shape.rank >= 3, axes == Array(2..<type.shape.rank), let channels = Shape([type.shape[1]]) {
      let vector = TensorType(type.element, channels)
      op.finish(
        "InstanceNormalization", [x, try op.filled(1, vector), try op.filled(0, vector)],
        [AttributeProto("epsilon", epsilon)])
      return
    }
    guard !axes.isEmpty else { throw op.unsupported("a normalisation over no axes") }
    let list = try op.ints(axes)
    let centered = op.add("Sub", [x, op.add("ReduceMean", [x, list])])
    let variance = op.add("ReduceMean", [op.add("Mul", [centered, centered]), list])
    let shifted = op.add("Add", [variance, try op.scalar(Double(epsilon), type.element)])
    op.finish("Div", [centered, op.add("Sqrt", [shifted])])
  }
}

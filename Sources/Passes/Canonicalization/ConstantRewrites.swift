// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Rewriting
import Tensors

/// Ops on constants become constants.
enum ConstantRewrites {
  static let fold = Rewrite("fold-constants", everyOp: foldConstants)

  /// A result of up to so many bytes is made a constant even where its operands are smaller.
  private static let smallBytes = 64 * 1024

  private static func foldConstants(_ op: OpID, _ rw: inout Rewriter) throws(Declined) {
    var operandBytes = 0
    for operand in rw.graph.operands(of: op) {
      guard let operand else { continue }
      guard let tensor = rw.graph.tensor(operand) else {
        throw Declined("an operand is not a constant")
      }
      operandBytes = max(operandBytes, tensor.type.byteCount)
    }
    // A dequantized weight is the mark by which integer layers are recognised, and four times as
    // large.
    try rw.require(
      rw.graph.op(op, as: Dequantize.self) == nil, "a dequantized constant stays quantized")
    let isBroadcast = rw.graph.op(op, as: Broadcast.self) != nil
    let limit =
      !isBroadcast
      ? max(operandBytes, smallBytes)
      : isWeight(op, rw.graph) ? Evaluator.defaultByteLimit : operandBytes
    let values: [Tensor]
    do {
      guard
        let folded = try ConstantFolding.foldConstant(op, in: rw.graph, byteLimit: limit)
      else { throw Declined("the result would be larger than \(limit) bytes") }
      values = folded
    } catch let declined as Declined {
      throw declined
    } catch {
      throw Declined("the op has no value: \(error)")
    }
    for (result, value) in zip(rw.graph.results(of: op), values) {
      let constant = rw.addConstant(value, name: constantName(of: result, in: rw.graph))
      rw.replaceAllUses(of: result, with: constant)
    }
    rw.erase(op)
  }

  /// Whether layers read the result as their weights, directly or reshaped: they are packed before
  /// the model runs only if they are constants.
  private static func isWeight(_ op: OpID, _ graph: Graph) -> Bool {
    var op = op
    while let result = graph.results(of: op).first, let use = graph.uses(of: result).first {
      let reader = use.user
      if graph.op(reader, as: Convolution.self) != nil
        || graph.op(reader, as: TransposedConvolution.self) != nil
        || graph.op(reader, as: MatrixMultiply.self) != nil
      {
        return use.slot == 1
      }
      guard graph.op(reader, as: Reshape.self) != nil || graph.op(reader, as: Transpose.self) != nil
      else { return false }
      op = reader
    }
    return false
  }

  /// The name of the tensor in the model, or of a constant that it was made of.
  private static func constantName(of result: ValueID, in graph: Graph) -> String {
    let name = graph.name(of: result)
    guard name.isEmpty, let producer = graph.producer(of: result) else { return name }
    for case let operand? in graph.operands(of: producer) {
      if let constant = graph.constant(operand) { return constant.name }
    }
    return ""
  }
}

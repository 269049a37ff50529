// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// An op that is mostly multiply-accumulates. Others count as none.
public protocol MultiplyAccumulating: OpDefinition {
  /// The multiply-accumulates for operands and results of these types, padding included.
  func multiplyAccumulates(_ operands: OperandTypes<Self>, result: TensorType) -> Int
}

extension Convolution: MultiplyAccumulating {
  public func multiplyAccumulates(_ operands: OperandTypes<Self>, result: TensorType) -> Int {
    perResult(operands[.weight], of: result.shape.elementCount)
  }
}

extension TransposedConvolution: MultiplyAccumulating {
  public func multiplyAccumulates(_ operands: OperandTypes<Self>, result: TensorType) -> Int {
    perResult(operands[.weight], of: operands[.input]?.shape.elementCount ?? 0)
  }
}

extension MatrixMultiply: MultiplyAccumulating {
  public func multiplyAccumulates(_ operands: OperandTypes<Self>, result: TensorType) -> Int {
    guard let lhs = operands[.lhs]?.shape, lhs.rank > 0 else { return 0 }
    let depth = lhs[transposeLHS ? lhs.rank - 2 : lhs.rank - 1]
    return countable(Checked(result.shape.elementCount) * Checked(depth))
  }
}

/// The elements behind the first axis of a weight, for each of `count` positions.
private func perResult(_ weight: TensorType?, of count: Int) -> Int {
  guard let weight, weight.shape.rank > 0, weight.shape[0] > 0 else { return 0 }
  let each = weight.shape.elementCount / weight.shape[0]
  return countable(Checked(count) * Checked(each))
}

/// A count that, summed over all ops of a graph, still fits: what is larger counts as the largest.
private func countable(_ count: Checked) -> Int {
  let limit = 1 << 42
  return count.size(upTo: limit) ?? limit
}

extension Graph {
  /// The multiply-accumulates of an op, padding included.
  public func multiplyAccumulates(of op: OpID) -> Int {
    func count<Op: MultiplyAccumulating>(_ definition: Op) -> Int {
      let types = operands(of: op).map { $0.map { type(of: $0) } }
      return definition.multiplyAccumulates(
        OperandTypes<Op>(types), result: type(of: results(of: op)[0]))
    }
    guard let definition = definition(of: op) as? any MultiplyAccumulating else { return 0 }
    return count(definition)
  }
}

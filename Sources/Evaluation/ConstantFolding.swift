// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

/// The values of ops whose operands are constants.
public enum ConstantFolding {
  /// The results of an op, or nil if one of its operands is no constant, it has no evaluator, or a
  /// result would be larger than `byteLimit` bytes.
  ///
  /// - Throws: `Failure` that names the op if it has no meaning for these constants.
  public static func foldConstant(
    _ op: OpID, in graph: Graph, byteLimit: Int = Evaluator.defaultByteLimit
  ) throws(Failure) -> [Tensor]? {
    guard isFoldable(op, graph, byteLimit) else { return nil }
    var operands: [Tensor?] = []
    for operand in graph.operands(of: op) {
      guard let operand else {
        operands.append(nil)
        continue
      }
      guard let tensor = graph.tensor(operand) else { return nil }
      operands.append(tensor)
    }
    return try graph.evaluate(op, operands, byteLimit: byteLimit)
  }

  /// The tensor of a value that depends on constants alone, or nil if it depends on an input, on an
  /// op without an evaluator, or on a tensor of more than `byteLimit` bytes. Works along the cone
  /// without recursion.
  ///
  /// - Throws: `Failure` that names the op that has no meaning for its operands.
  public static func evaluateCone(
    of value: ValueID, in graph: Graph, byteLimit: Int = Evaluator.defaultByteLimit
  ) throws(Failure) -> Tensor? {
    if let tensor = graph.tensor(value) { return tensor }
    guard let root = graph.producer(of: value) else { return nil }
    guard let cone = cone(root, graph, byteLimit) else { return nil }
    var known: [ValueID: Tensor] = [:]
    for op in cone {
      let operands = graph.operands(of: op).map { operand in
        operand.flatMap { graph.tensor($0) ?? known[$0] }
      }
      let results = try graph.evaluate(op, operands, byteLimit: byteLimit)
      for (name, tensor) in zip(graph.results(of: op), results) { known[name] = tensor }
    }
    return known[value]
  }

  /// The ops that `root` depends on, itself last, each behind those that it reads; nil if one of
  /// them cannot be folded.
  private static func cone(_ root: OpID, _ graph: Graph, _ byteLimit: Int) -> [OpID]? {
    var order: [OpID] = []
    var entered: Set<OpID> = []
    var stack = [(op: root, isDone: false)]
    while let (op, isDone) = stack.popLast() {
      if isDone {
        order.append(op)
        continue
      }
      guard entered.insert(op).inserted else { continue }
      guard isFoldable(op, graph, byteLimit) else { return nil }
      stack.append((op, true))
      for case let operand? in graph.operands(of: op) where graph.tensor(operand) == nil {
        guard let producer = graph.producer(of: operand) else { return nil }
        if !entered.contains(producer) { stack.append((producer, false)) }
      }
    }
    return order
  }

  private static func isFoldable(_ op: OpID, _ graph: Graph, _ byteLimit: Int) -> Bool {
    graph.definition(of: op) is any Evaluable
      && graph.results(of: op).allSatisfy { graph.type(of: $0).byteCount <= byteLimit }
  }
}

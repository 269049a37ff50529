// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import GraphIR
public import Tensors

/// Runs a graph by the meaning of its ops: the reference that everything else is compared with.
public struct Evaluator: Sendable {
  /// The graph that is run.
  public let graph: Graph
  /// The most bytes that one intermediate tensor may have.
  public var byteLimit: Int

  /// The most bytes of one tensor if the caller does not say otherwise: 16 GiB.
  public static let defaultByteLimit = 1 << 34

  /// An evaluator of a graph.
  public init(_ graph: Graph, byteLimit: Int = Evaluator.defaultByteLimit) {
    self.graph = graph
    self.byteLimit = byteLimit
  }

  /// The outputs for one tensor for each input port, in the order of the ports. A tensor is kept
  /// only until its last reader is done.
  ///
  /// - Parameters:
  ///   - observe: called with every input and every result of an op, in order.
  ///   - exchange: called before each op with its operands by slot; what it returns is computed with.
  /// - Throws: `Failure` if the inputs do not fit the ports or an op cannot be evaluated; it names the op.
  public func run(
    _ inputs: [Tensor],
    observe: (ValueID, Tensor) throws(Failure) -> Void = { _, _ in },
    exchange: (OpID, [Tensor?]) throws(Failure) -> [Tensor?] = { $1 }
  ) throws(Failure) -> [Tensor] {
    try check(inputs)
    var values = SideTable<ValueRecord, Tensor?>(default: nil)
    var readers = readerCounts()
    for (port, tensor) in zip(graph.inputs, inputs) {
      try observe(port.value, tensor)
      if readers[port.value] > 0 { values[port.value] = tensor }
    }
    for op in graph.opIDs {
      let names = graph.operands(of: op)
      let operands = names.map { name in
        name.flatMap { graph.tensor($0) ?? values[$0] }
      }
      let results = try graph.evaluate(op, try exchange(op, operands), byteLimit: byteLimit)
      for (name, tensor) in zip(graph.results(of: op), results) {
        try observe(name, tensor)
        if readers[name] > 0 { values[name] = tensor }
      }
      for case let name? in names {
        readers[name] -= 1
        if readers[name] == 0 { values[name] = nil }
      }
    }
    return graph.outputs.map { port in
      guard let tensor = graph.tensor(port.value) ?? values[port.value] else {
        unreachable("an output is made by an op before the end")
      }
      return tensor
    }
  }

  private func check(_ inputs: [Tensor]) throws(Failure) {
    guard inputs.count == graph.inputs.count else {
      throw Failure(
        "the model has \(graph.inputs.count) inputs, \(inputs.count) were given",
        notes: graph.inputs.map { "input '\($0.name)' is \(graph.type(of: $0.value))" })
    }
    for (port, tensor) in zip(graph.inputs, inputs) where graph.type(of: port.value) != tensor.type {
      throw Failure("input '\(port.name)' is \(graph.type(of: port.value)), not \(tensor.type)")
    }
  }

  /// For each value how many operand slots and outputs read it.
  private func readerCounts() -> SideTable<ValueRecord, Int> {
    var counts = SideTable<ValueRecord, Int>(default: 0)
    for op in graph.opIDs {
      for case let operand? in graph.operands(of: op) { counts[operand] += 1 }
    }
    for port in graph.outputs { counts[port.value] += 1 }
    return counts
  }
}

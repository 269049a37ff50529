// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Rewriting
import Tensors

/// The elementwise ops that make a quantized value of one tensor of integers.
struct FunctionCone {
  /// The most ops that a function is made of.
  private static let longest = 64
  /// In an order in which each stands in front of those that it reads; the quantize is the first.
  private var ops: [OpID]
  /// The integers.
  let source: ValueID

  /// The ops above a quantize, up to integers of so many bits at most.
  init(of op: OpRef<Quantize>, bits: Int, _ rw: borrowing Rewriter) throws(Declined) {
    let graph = rw.graph
    let shape = graph.type(of: graph.result(op)).shape
    var sources: [ValueID]
    (ops, sources) = try Self.walk(from: op.id, bits, shape, rw)
    if sources.count > 1 {
      // A function that became a table already, as the sigmoid in x · sigmoid(x).
      let tables = sources.compactMap { source in
        graph.producer(of: source).flatMap { Self.isTable($0, graph) ? $0 : nil }
      }
      let plain = sources.filter { source in
        graph.producer(of: source).map { !Self.isTable($0, graph) } ?? true
      }
      sources = plain
      for table in tables {
        ops.append(table)
        if let index = graph.operands(of: table)[1], !sources.contains(index) {
          sources.append(index)
        }
      }
    }
    guard let source = sources.first, sources.count == 1 else {
      throw Declined(sources.isEmpty ? "nothing is computed" : "several tensors are read")
    }
    try rw.require(graph.type(of: source).shape == shape, "the shape changes")
    self.source = source
  }

  /// The elementwise ops above an op, and the integers that they read.
  private static func walk(
    from root: OpID, _ bits: Int, _ shape: Shape, _ rw: borrowing Rewriter
  ) throws(Declined) -> (ops: [OpID], sources: [ValueID]) {
    var sources: [ValueID] = []
    var order = [(op: root, isDone: false)]
    var entered: Set<OpID> = []
    var done: [OpID] = []
    while let (op, isDone) = order.popLast() {
      if isDone {
        done.append(op)
        continue
      }
      guard entered.insert(op).inserted else { continue }
      try rw.require(
        entered.count <= longest, "more than \(longest) ops are between")
      order.append((op, true))
      for case let operand? in rw.graph.operands(of: op) {
        if let tensor = rw.graph.tensor(operand) {
          try rw.require(tensor.uniformValue != nil, "a constant has several values")
          continue
        }
        let type = rw.graph.type(of: operand)
        if type.element.isInteger, type.element.bitCount <= bits {
          if !sources.contains(operand) { sources.append(operand) }
          continue
        }
        try rw.require(type.shape == shape, "the shape changes")
        guard let producer = rw.graph.producer(of: operand),
          isElementwise(rw.graph.definition(of: producer))
        else {
          throw Declined(
            "\(name(operand, rw)) is not computed element by element from \(bits) bits")
        }
        order.append((producer, false))
      }
    }
    return (done.reversed(), sources)
  }

  /// Whether an op computes each element from those at the same position.
  private static func isElementwise(_ definition: any OpDefinition) -> Bool {
    switch definition {
    case is Unary, is Binary, is Cast, is Select, is Dequantize, is Quantize, is Requantize: true
    default: false
    }
  }

  private static func name(_ value: ValueID, _ rw: borrowing Rewriter) -> String {
    let name = rw.graph.name(of: value)
    return name.isEmpty ? "an operand" : "'\(name)'"
  }

  /// Whether an op is a table of the kind that is made here.
  private static func isTable(_ op: OpID, _ graph: Graph) -> Bool {
    guard let gather = graph.op(op, as: Gather.self), gather.axis == 0,
      let table = graph.operands(of: op)[0], graph.tensor(table)?.shape.rank == 1,
      let index = graph.operands(of: op)[1]
    else { return false }
    let element = graph.type(of: index).element
    return element.isInteger && element.bitCount <= 8
      && graph.type(of: table).shape[0] == 1 << element.bitCount
  }

  /// Where the ops come from.
  func location(_ rw: borrowing Rewriter) -> Location {
    ops.reversed().reduce(Location()) { $0.joined(with: rw.graph.location(of: $1)) }
  }

  /// What the ops make of each integer that there is, as `gather` counts them, and the numbers in front of the
  /// quantize.
  func evaluated(
    _ rw: borrowing Rewriter
  ) throws(Declined) -> (numbers: Tensor, integers: Tensor) {
    let integers = LookupTable.positions(rw.graph.type(of: source).element)
    var function = Rewriter(Graph(name: "table"))
    var values: [ValueID: ValueID] = [:]
    values[source] = function.addInput(name: "x", type: integers.type)
    var numbers: ValueID?
    for op in ops.reversed() {
      let isTable = Self.isTable(op, rw.graph)
      let operands = rw.graph.operands(of: op).enumerated().map { slot, operand -> ValueID? in
        guard let operand else { return nil }
        guard let tensor = rw.graph.tensor(operand) else { return values[operand] }
        if isTable && slot == 0 { return function.addConstant(tensor) }
        return function.addConstant(Tensor(scalar: tensor.uniformValue ?? 0, tensor.element))
      }
      numbers = operands.first ?? nil
      values[rw.graph.results(of: op)[0]] = try function.make(
        rw.graph.definition(of: op), operands, location: Location())
    }
    guard let last = ops.first, let result = values[rw.graph.results(of: last)[0]], let numbers
    else { throw Declined("nothing is computed") }
    function.addOutput(name: "y", value: result)
    function.addOutput(name: "numbers", value: numbers)
    do {
      let results = try Evaluator(function.finish()).run([integers])
      return (results[1], results[0])
    } catch {
      throw Declined(error.description)
    }
  }
}

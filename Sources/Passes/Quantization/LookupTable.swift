// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Evaluation
import GraphIR
import Rewriting
import Tensors

/// A function of one tensor of few integers, made of any elementwise ops between `dequantize` and
/// `quantize`: a table of what the ops make of each integer, so that the result is theirs exactly.
///
///     %d = dequantize %x, @s, @z
///     %e = unary sigmoid %d
///     %m = binary mul %d, %e          →    %q = gather @table, %x
///     %q = quantize %m, @t, @y
enum LookupTable {
  /// The most ops that a function is made of.
  fileprivate static let longest = 64

  static func rewrite(_ op: OpRef<Quantize>, _ rw: inout Rewriter) throws(Declined) {
    let result = rw.graph.result(op)
    let to = rw.graph.type(of: result)
    try rw.require(to.element.bitCount <= 16, "the result is too wide for a table")
    let cone = try Cone(of: op, rw)
    let element = rw.graph.type(of: cone.source).element
    let table = try cone.table(rw)
    let location = cone.ops.reversed().reduce(Location()) {
      $0.joined(with: rw.graph.location(of: $1))
    }
    let isIdentity = element == to.element && table.bytes == Self.positions(element).bytes
    if isIdentity { return rw.replaceAllUses(of: result, with: cone.source) }
    let value = try rw.make(
      Gather(axis: 0), [rw.addConstant(table, name: "table"), cone.source], location: location)
    rw.setName(of: value, to: rw.graph.name(of: result))
    rw.replaceAllUses(of: result, with: value)
  }

  /// All integers of a type, in the order in which `gather` counts them: the negative ones from the
  /// end.
  static func positions(_ element: ElementType) -> Tensor {
    let count = 1 << element.bitCount
    return Tensor(
      TensorType(element, .vector(count)), wrapping: (0..<count).map { Int64($0) })
  }

  /// Whether an op computes each element from those at the same position.
  fileprivate static func isElementwise(_ definition: any OpDefinition) -> Bool {
    switch definition {
    case is Unary, is Binary, is Cast, is Select, is Dequantize, is Quantize, is Requantize: true
    default: false
    }
  }
}

/// The ops that make a quantized value of one tensor of integers.
private struct Cone {
  /// In an order in which each stands in front of those that it reads; the quantize is the first.
  private(set) var ops: [OpID] = []
  /// The integers.
  let source: ValueID

  init(of op: OpRef<Quantize>, _ rw: borrowing Rewriter) throws(Declined) {
    let graph = rw.graph
    let shape = graph.type(of: graph.result(op)).shape
    var sources = try Self.walk(from: [op.id], shape, rw, &ops)
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

  /// The integers that ops read through elementwise ops, which are added to `ops`.
  private static func walk(
    from roots: [OpID], _ shape: Shape, _ rw: borrowing Rewriter, _ ops: inout [OpID]
  ) throws(Declined) -> [ValueID] {
    var sources: [ValueID] = []
    var order: [(op: OpID, isDone: Bool)] = roots.map { ($0, false) }
    var entered: Set<OpID> = []
    var done: [OpID] = []
    while let (op, isDone) = order.popLast() {
      if isDone {
        done.append(op)
        continue
      }
      guard entered.insert(op).inserted else { continue }
      try rw.require(
        entered.count <= LookupTable.longest, "more than \(LookupTable.longest) ops are between")
      order.append((op, true))
      for case let operand? in rw.graph.operands(of: op) {
        if let tensor = rw.graph.tensor(operand) {
          try rw.require(tensor.uniformValue != nil, "a constant has several values")
          continue
        }
        let type = rw.graph.type(of: operand)
        if type.element.isInteger, type.element.bitCount <= 8 {
          if !sources.contains(operand) { sources.append(operand) }
          continue
        }
        try rw.require(type.shape == shape, "the shape changes")
        guard let producer = rw.graph.producer(of: operand),
          LookupTable.isElementwise(rw.graph.definition(of: producer))
        else { throw Declined("\(name(operand, rw)) is not computed element by element from 8 bits") }
        order.append((producer, false))
      }
    }
    ops += done.reversed()
    return sources
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

  /// What the ops make of each integer that there is.
  func table(_ rw: borrowing Rewriter) throws(Declined) -> Tensor {
    let integers = LookupTable.positions(rw.graph.type(of: source).element)
    var function = Rewriter(Graph(name: "table"))
    var values: [ValueID: ValueID] = [:]
    values[source] = function.addInput(name: "x", type: integers.type)
    for op in ops.reversed() {
      let isTable = Self.isTable(op, rw.graph)
      let operands = rw.graph.operands(of: op).enumerated().map { slot, operand -> ValueID? in
        guard let operand else { return nil }
        guard let tensor = rw.graph.tensor(operand) else { return values[operand] }
        if isTable && slot == 0 { return function.addConstant(tensor) }
        return function.addConstant(Tensor(scalar: tensor.uniformValue ?? 0, tensor.element))
      }
      values[rw.graph.results(of: op)[0]] = try function.make(
        rw.graph.definition(of: op), operands, location: Location())
    }
    guard let last = ops.first, let result = values[rw.graph.results(of: last)[0]] else {
      throw Declined("nothing is computed")
    }
    function.addOutput(name: "y", value: result)
    do {
      return try Evaluator(function.finish()).run([integers])[0]
    } catch {
      throw Declined(error.description)
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
public import CompilerSupport
public import Tensors

/// Names of the entities of a graph.
public typealias OpID = Handle<OpRecord>
public typealias ValueID = Handle<ValueRecord>
typealias UseID = Handle<UseRecord>

/// What an input port is for.
public enum PortRole: Hashable, Sendable {
  /// Given anew at each run.
  case input
  /// Kept between runs; the graph has an output of the same name for its next value.
  case state(initial: Tensor)
  /// Given by the caller, but the same over many runs.
  case parameter

  public static func == (a: PortRole, b: PortRole) -> Bool {
    switch (a, b) {
    case (.input, .input), (.parameter, .parameter): true
    case (.state(let x), .state(let y)): x == y
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .input: hasher.combine(0)
    case .state(let initial): hasher.combine(initial.type)
    case .parameter: hasher.combine(2)
    }
  }
}

/// A tensor that comes in.
public struct InputPort: Sendable {
  /// The user's name.
  public let name: String
  public let role: PortRole
  public let value: ValueID
}

/// A tensor that goes out.
public struct OutputPort: Sendable {
  /// The user's name.
  public let name: String
  public let value: ValueID
}

/// What makes a value.
public enum ValueSource: Hashable, Sendable {
  /// A result of an op.
  case result(OpID, Int)
  /// The input port at a position.
  case input(Int)
  /// A constant.
  case constant
}

/// The record of an op.
public struct OpRecord: Sendable {
  var definition: any OpDefinition
  var operands: [UseID]
  var results: [ValueID]
  var location: Location
  var previous: OpID?
  var next: OpID?
  /// Control flow can move in later: nested blocks of ops. Empty today.
  var blocks: [OrderedBlock] = []
}

/// A sequence of ops: its ends; the ops hold the links.
struct OrderedBlock: Sendable {
  var first: OpID?
  var last: OpID?
}

/// The record of a value.
public struct ValueRecord: Sendable {
  var type: TensorType
  var source: ValueSource
  var constant: Constant?
  /// The user's name of the tensor; a hint, unique only after printing.
  var name: String
  var firstUse: UseID?
  var statistics: ChannelStatistics?
  /// How many output ports read the value.
  var outputCount = 0
}

/// One operand slot of an op. The slots that read one value form a list, so that a use is added and removed
/// in constant time.
public struct UseRecord: Sendable {
  var value: ValueID?
  let user: OpID
  let slot: Int
  var previous: UseID?
  var next: UseID?
}

/// A use of a value: an operand slot of an op.
public struct Use: Hashable, Sendable {
  public let user: OpID
  public let slot: Int
}

/// A neural network as a typed graph in static single assignment form. A graph is a value: a copy is a snapshot
/// that costs nothing until one of the two is changed. It is changed only by `Rewriter`.
public struct Graph: Sendable {
  /// The name of the model.
  public var name: String
  var ops = Arena<OpRecord>()
  var values = Arena<ValueRecord>()
  var uses = Arena<UseRecord>()
  var body = OrderedBlock()
  public internal(set) var inputs: [InputPort] = []
  public internal(set) var outputs: [OutputPort] = []
  /// The number of ops.
  public internal(set) var opCount = 0
  /// Grows with every change: two snapshots of one graph with the same number are the same.
  public internal(set) var revision = 0
  /// Constants by content and by name.
  var constantsByContent: [ContentKey: [ValueID]] = [:]
  var constantNames = UniqueNames()

  /// A graph without ports and ops.
  public init(name: String) { self.name = name }
}

/// A cheap key under which equal constants meet: the type and a hash of the bytes.
struct ContentKey: Hashable, Sendable {
  let type: TensorType
  let hash: UInt64
}

// MARK: - Reading

extension Graph {
  /// The ops in order.
  public var opIDs: [OpID] {
    var ids: [OpID] = []
    ids.reserveCapacity(opCount)
    var next = body.first
    while let id = next {
      ids.append(id)
      next = ops[id].next
    }
    return ids
  }

  /// The constants that some op or output reads, in the order of their making.
  public var constantIDs: [ValueID] {
    values.ids.filter { values[$0].source == .constant && isUsed($0) }
  }

  /// Whether the handle names an op that is still there.
  public func contains(_ op: OpID) -> Bool { ops.contains(op) }
  /// Whether the handle names a value that is still there.
  public func contains(_ value: ValueID) -> Bool { values.contains(value) }

  /// The op with its attributes.
  public func definition(of op: OpID) -> any OpDefinition { ops[op].definition }
  /// The op as one of a kind, or nil if it is of another.
  public func op<Op: OpDefinition>(_ id: OpID, as kind: Op.Type) -> OpRef<Op>? {
    (ops[id].definition as? Op).map { OpRef(id: id, attributes: $0) }
  }
  /// The operands by slot; nil where an optional one is absent.
  public func operands(of op: OpID) -> [ValueID?] { ops[op].operands.map { uses[$0].value } }
  /// The results.
  public func results(of op: OpID) -> [ValueID] { ops[op].results }
  /// Where the op comes from.
  public func location(of op: OpID) -> Location { ops[op].location }
  /// The op behind in order.
  public func op(after id: OpID) -> OpID? { ops[id].next }
  /// The op before in order.
  public func op(before id: OpID) -> OpID? { ops[id].previous }

  /// The type of a value.
  public func type(of value: ValueID) -> TensorType { values[value].type }
  /// What makes a value.
  public func source(of value: ValueID) -> ValueSource { values[value].source }
  /// The op whose result a value is, or nil for inputs and constants.
  public func producer(of value: ValueID) -> OpID? {
    if case .result(let op, _) = values[value].source { op } else { nil }
  }
  /// The name of the tensor in the user's model; may be empty.
  public func name(of value: ValueID) -> String { values[value].name }
  /// The constant that a value is, or nil.
  public func constant(_ value: ValueID) -> Constant? { values[value].constant }
  /// The tensor of a constant value, or nil.
  public func tensor(_ value: ValueID) -> Tensor? { values[value].constant?.tensor }
  /// What training data showed of the value's channels, if it is known.
  public func statistics(of value: ValueID) -> ChannelStatistics? { values[value].statistics }

  /// The operand slots that read a value, in the order in which they were connected (latest first).
  public func uses(of value: ValueID) -> [Use] {
    var found: [Use] = []
    var next = values[value].firstUse
    while let id = next {
      let use = uses[id]
      found.append(Use(user: use.user, slot: use.slot))
      next = use.next
    }
    return found
  }

  /// Whether an op or an output port reads the value.
  public func isUsed(_ value: ValueID) -> Bool {
    values[value].firstUse != nil || values[value].outputCount > 0
  }

  /// Whether an output port reads the value.
  public func isOutput(_ value: ValueID) -> Bool { values[value].outputCount > 0 }

  /// Whether exactly one operand slot and no output port reads the value.
  public func hasSingleUse(_ value: ValueID) -> Bool {
    guard let first = values[value].firstUse else { return false }
    return uses[first].next == nil && values[value].outputCount == 0
  }
}

/// An op of a known kind: its handle and a copy of its attributes. It does not hold the graph, so keeping one does
/// not make the next change copy the graph.
@dynamicMemberLookup
public struct OpRef<Op: OpDefinition>: Sendable {
  public let id: OpID
  public let attributes: Op

  /// An attribute.
  public subscript<Value>(dynamicMember path: KeyPath<Op, Value>) -> Value {
    attributes[keyPath: path]
  }
}

extension Graph {
  /// An operand of an op by name, nil if it is absent.
  public func operand<Op: OpDefinition>(_ op: OpRef<Op>, _ name: Op.Operand) -> ValueID? {
    let slots = ops[op.id].operands
    return name.rawValue < slots.count ? uses[slots[name.rawValue]].value : nil
  }

  /// The operands of a variadic name, in order.
  public func variadicOperands<Op: OpDefinition>(
    _ op: OpRef<Op>, _ name: Op.Operand
  ) -> [ValueID] {
    ops[op.id].operands.dropFirst(name.rawValue).compactMap { uses[$0].value }
  }

  /// The only result of an op.
  public func result<Op: OpDefinition>(_ op: OpRef<Op>) -> ValueID { ops[op.id].results[0] }
}

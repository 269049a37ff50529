// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// The ops at which a graph falls into pieces: those that make something without values in between
/// (integers, truth values, positions) of floats which C may sum in another order. Close to the middle
/// of two integers the last bit of a sum decides, and everything that is computed from the integer
/// moves with it.
struct Decisions {
  /// These ops, in the order of the graph.
  private(set) var ops: [OpID] = []
  private var isDecision = SideTable<OpRecord, Bool>(default: false)
  private var near = SideTable<ValueRecord, Bool>(default: false)
  private var after = SideTable<ValueRecord, Bool>(default: false)

  /// Looks for them.
  init(_ graph: Graph) {
    for op in graph.opIDs {
      let operands = graph.operands(of: op).compactMap { $0 }
      let readsNear = operands.contains { near[$0] }
      let readsDecided = operands.contains { after[$0] }
      let results = graph.results(of: op)
      let isWhole = results.allSatisfy { !graph.type(of: $0).element.isFloat }
      let definition = graph.definition(of: op)
      if readsNear, isWhole || Self.hasSteps(definition) {
        ops.append(op)
        isDecision[op] = true
        for result in results { after[result] = true }
        continue
      }
      let isExact = !readsNear && (isWhole || Self.keepsBits(definition))
      for result in results {
        near[result] = !isExact
        after[result] = readsDecided
      }
    }
  }

  /// Whether the op is one of them.
  func contains(_ op: OpID) -> Bool { isDecision[op] }

  /// Whether C may give a value but nearly: floats are summed, or functions of them computed, between
  /// the start of its piece and it. All other values are the same bit for bit.
  func isNear(_ value: ValueID) -> Bool { near[value] }

  /// How far C may be off at a value of a piece that is fed the evaluator's: a share of the largest, 0 for what is exact.
  func tolerance(of value: ValueID, limit: Double) -> Double { isNear(value) ? limit : 0 }

  /// Whether a value is made by a decision or computed from one.
  func isAfterDecision(_ value: ValueID) -> Bool { after[value] }

  /// Whether a float result jumps where the operand moves a little.
  private static func hasSteps(_ definition: any OpDefinition) -> Bool {
    switch definition {
    case let op as Unary:
      switch op.function {
      case .floor, .ceil, .round, .sign: true
      default: false
      }
    case let op as Binary: op.function == .mod || op.function == .fmod
    default: false
    }
  }

  /// Whether a float result has the same bits in every correct implementation if the operands have:
  /// it is one of them, or one operation that IEEE 754 rounds.
  private static func keepsBits(_ definition: any OpDefinition) -> Bool {
    switch definition {
    case is Dequantize, is Cast, is Reshape, is Transpose, is Slice, is Concat, is Pad, is Broadcast,
      is Gather, is Select:
      return true
    case let op as Unary:
      switch op.function {
      case .relu, .negate, .abs, .sign, .floor, .ceil, .round, .clip: return true
      default: return false
      }
    case let op as Binary: return op.function == .max || op.function == .min
    case let op as Pool: return op.kind == .max
    case let op as Reduce: return op.kind == .max || op.kind == .min
    default: return false
    }
  }
}

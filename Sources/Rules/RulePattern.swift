// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Tensors

/// What a rule looks for: ops, the last of which is the root, and holes.
struct RulePattern: Sendable {
  /// A tensor by name: a hole, or a result of an op of the pattern.
  struct Value: Sendable {
    enum Role: Sendable {
      case hole
      /// A hole for constants.
      case constant
      case result(op: Int, position: Int)
    }
    let name: String
    let role: Role
    var isOptional = false
    var type: TypePattern?
  }

  /// An operand of an op of the pattern.
  enum Operand: Sendable {
    case value(Int)
    case absent
    /// A constant all of whose elements are this number, give or take a tolerance.
    case number(Double, tolerance: Double)
  }

  /// An op of the pattern.
  struct Op: Sendable {
    var template: any OpTemplate
    var operands: [Operand]
    /// The tensors that are its results.
    var results: [Int]
    /// Attributes that are bound to holes.
    var holes: [(field: Int, slot: Int)]
    /// Why an op of the graph is not this one, made once: a decline must cost little.
    var reasons: Reasons

    /// Sentences without a full stop.
    struct Reasons: Sendable {
      var kind: String
      /// By field.
      var attributes: [String]
      var operands: String
    }
  }

  /// An attribute hole.
  struct Attribute: Sendable {
    let name: String
    let kind: RuleKind
  }

  var values: [Value] = []
  var attributes: [Attribute] = []
  var ops: [Op] = []
  /// The ops such that each but the first makes an operand of one before it; the first is the root.
  var order: [Int] = []
  /// What the root's operands must at least be.
  var leads: [Lead] = []

  /// The number of the root.
  var root: Int { ops.count - 1 }
}

// MARK: - A first look

extension RulePattern {
  /// What can be told of an operand without binding anything.
  enum Lead: Sendable {
    case anything, constant
    case number(Double, tolerance: Double)
    case result(op: Int)
  }

  func lead(of operand: Operand) -> Lead {
    switch operand {
    case .absent: return .anything
    case .number(let number, let tolerance): return .number(number, tolerance: tolerance)
    case .value(let slot):
      switch values[slot].role {
      case .hole: return .anything
      case .constant: return .constant
      case .result(let op, _): return .result(op: op)
      }
    }
  }

  /// Why an op is not the root, as far as that costs nothing to find out: most ops are not.
  func obstacle(at op: OpID, in graph: Graph) -> String? {
    let definition = graph.definition(of: op)
    switch ops[root].template.compare(definition) {
    case .same: break
    case .otherKind: return ops[root].reasons.kind
    case .otherAttribute(let field): return ops[root].reasons.attributes[field]
    }
    let operands = graph.operands(of: op)
    let mayTurn = operands.count >= 2 && leads.count >= 2 && definition.isCommutative
    for (slot, lead) in leads.enumerated() {
      if case .anything = lead { continue }
      if slot < operands.count, follows(lead, operands[slot], graph) { continue }
      if mayTurn, slot < 2, follows(lead, operands[1 - slot], graph) { continue }
      if case .result(let inner) = lead { return ops[inner].reasons.kind }
      return ops[root].reasons.operands
    }
    return nil
  }

  private func follows(_ lead: Lead, _ operand: ValueID?, _ graph: Graph) -> Bool {
    guard let operand else { return false }
    switch (lead, graph.source(of: operand)) {
    case (.anything, _), (.constant, .constant): return true
    case (.number(let number, let tolerance), .constant):
      return graph.tensor(operand).map { $0.isSplat(of: number, tolerance) } ?? false
    case (.result(let inner), .result(let id, _)):
      if case .same = ops[inner].template.compare(graph.definition(of: id)) { return true }
      return false
    case (.constant, _), (.number, _), (.result, _): return false
    }
  }
}

/// A tensor type with holes, as in `float[_, $c, ...]`.
struct TypePattern: Sendable {
  enum Element: Sendable {
    case any, float, int
    case exactly(ElementType)
    case attribute(Int)
  }

  enum Axis: Sendable {
    case any
    case exactly(Int)
    case attribute(Int)
  }

  var element = Element.any
  /// The axes; nil: any shape.
  var axes: [Axis]?
  /// Whether further axes may follow.
  var isOpen = false
  /// As it is written, for reasons.
  var text = ""

  /// Whether a type is such a one; binds holes that are free.
  func matches(_ type: TensorType, _ match: inout RuleMatch) -> Bool {
    switch element {
    case .any: break
    case .float: guard type.element.isFloat else { return false }
    case .int: guard type.element.isInteger else { return false }
    case .exactly(let element): guard type.element == element else { return false }
    case .attribute(let slot):
      guard match.bind(slot, .word(type.element.rawValue)) else { return false }
    }
    guard let axes else { return true }
    let shape = type.shape
    guard shape.rank == axes.count || isOpen && shape.rank > axes.count else { return false }
    for (axis, wanted) in axes.enumerated() {
      switch wanted {
      case .any: break
      case .exactly(let extent): guard shape[axis] == extent else { return false }
      case .attribute(let slot): guard match.bind(slot, .int(shape[axis])) else { return false }
      }
    }
    return true
  }
}

/// What a rule's holes stand for.
struct RuleMatch {
  /// What a tensor of the rule is in the graph.
  enum Binding: Equatable {
    case free, absent
    case bound(ValueID)

    var value: ValueID? { if case .bound(let value) = self { value } else { nil } }
  }

  var values: [Binding]
  var attributes: [RuleValue?]

  /// Binds an attribute hole, or tells whether it is bound to an equal value.
  mutating func bind(_ slot: Int, _ value: RuleValue) -> Bool {
    if let bound = attributes[slot] { return bound.equals(value) }
    attributes[slot] = value
    return true
  }
}

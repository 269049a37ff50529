// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Rewriting
import Tensors

/// What takes the place of a pattern's root. Types are worked out before the graph is touched, so that a rule that does
/// not fit leaves no trace.
struct RuleReplacement: Sendable {
  /// A tensor: one of the pattern's, or one that the replacement makes.
  enum Source: Hashable, Sendable {
    case matched(Int)
    /// The number of a line, and of a result of its op.
    case made(line: Int, position: Int)
  }

  /// An attribute that an expression gives.
  struct Setting: Sendable {
    let field: Int
    let value: RuleExpression
  }

  enum Line: Sendable {
    case constant(name: String, TypeExpression, [RuleExpression])
    case op(Op)
  }

  struct Op: Sendable {
    var template: any OpTemplate
    /// The op of the pattern whose attributes are taken over.
    var base: Int?
    var settings: [Setting]
    var operands: [Source?]
    var types: [TypePattern]
    var resultCount: Int
  }

  /// The type of a new constant.
  struct TypeExpression: Sendable {
    enum Element: Sendable {
      case exactly(ElementType)
      case attribute(Int)
    }
    var element: Element
    var extents: RuleExpression
  }

  var lines: [Line] = []
  /// For each result of the root what takes its place.
  var results: [Source] = []

  /// Puts what is planned in the place of the root.
  func apply(
    _ plan: RulePlan, root: OpID, _ pattern: RulePattern, _ rw: inout Rewriter
  ) throws(Declined) {
    let match = plan.match
    // Found out before anything changes.
    let going = Self.going(match, root: root, pattern, rw.graph)
    let location = going.reduce(Location()) { $0.joined(with: rw.graph.location(of: $1)) }
    rw.insertionPoint = root
    var made: [[ValueID]] = []
    for line in plan.lines {
      switch line {
      case .constant(let name, let tensor): made.append([rw.addConstant(tensor, name: name)])
      case .op(let definition, let operands, _):
        let values = operands.map { $0.flatMap { Self.value($0, match, made) } }
        do {
          made.append(try rw.insert(definition, values, location: location))
        } catch {
          throw Declined(error.description)
        }
      }
    }
    for (old, source) in zip(rw.graph.results(of: root), results) {
      guard let new = Self.value(source, match, made) else { unreachable("results are checked") }
      rw.replaceAllUses(of: old, with: new)
    }
    // The root, then what only it has read.
    for op in going.reversed() where rw.graph.results(of: op).allSatisfy({ !rw.graph.isUsed($0) }) {
      rw.erase(op)
    }
  }

  private static func value(
    _ source: Source, _ match: RuleMatch, _ made: [[ValueID]]
  ) -> ValueID? {
    switch source {
    case .matched(let slot): match.values[slot].value
    case .made(let line, let position): made[line][position]
    }
  }

  // MARK: Types

  /// What would take the place of the root, if it fits.
  func plan(
    _ match: RuleMatch, root: OpID, _ pattern: RulePattern, _ graph: Graph
  ) throws(Declined) -> RulePlan {
    var plans: [RulePlan.Line] = []
    func type(_ source: Source) -> TensorType? {
      switch source {
      case .matched(let slot): return match.values[slot].value.map { graph.type(of: $0) }
      case .made(let line, let position):
        switch plans[line] {
        case .constant(_, let tensor): return tensor.type
        case .op(_, _, let types): return types[position]
        }
      }
    }
    for line in lines {
      switch line {
      case .constant(let name, let type, let entries):
        plans.append(.constant(name: name, try Self.tensor(type, entries, match, graph)))
      case .op(let op):
        let definition = try op.definition(match, pattern, graph)
        let types: [TensorType]
        do throws(TypeMismatch) {
          types = try definition.resultTypes(ofSlots: op.operands.map { $0.flatMap(type) })
        } catch {
          throw Declined("the replacement's \(op.template.kind.name) does not fit: \(error)")
        }
        guard types.count == op.resultCount else {
          throw Declined("\(op.template.kind.name) has \(types.count) results, not \(op.resultCount)")
        }
        var copy = match
        for (wanted, type) in zip(op.types, types) where !wanted.matches(type, &copy) {
          throw Declined("\(op.template.kind.name) makes \(type), not \(wanted.text)")
        }
        plans.append(.op(definition, op.operands, types))
      }
    }
    for (old, source) in zip(graph.results(of: root), results) {
      let wanted = graph.type(of: old)
      guard let found = type(source) else { throw Declined("the operand is absent") }
      guard found == wanted else {
        throw Declined("the replacement is \(found), but the op makes \(wanted)")
      }
    }
    try requireChange(plans, match, root: root, graph)
    return RulePlan(match: match, lines: plans)
  }

  private static func tensor(
    _ type: TypeExpression, _ entries: [RuleExpression], _ match: RuleMatch, _ graph: Graph
  ) throws(Declined) -> Tensor {
    let element: ElementType
    switch type.element {
    case .exactly(let known): element = known
    case .attribute(let slot):
      guard case .word(let word)? = match.attributes[slot], let known = ElementType(rawValue: word)
      else { throw Declined("there is no element type") }
      element = known
    }
    guard let extents = try type.extents.evaluate(match, graph).integers,
      let shape = Shape(extents), shape.elementCount <= RuleArithmetic.listLimit
    else { throw Declined("the constant's shape is negative or too large") }
    var values: [Double] = []
    for entry in entries {
      guard let value = try entry.evaluate(match, graph).double else {
        throw Declined("the constant has an element that is no number")
      }
      values.append(value)
    }
    if values.count == 1 { values = Array(repeating: values[0], count: shape.elementCount) }
    guard values.count == shape.elementCount else {
      throw Declined("\(values.count) elements are given for \(TensorType(element, shape))")
    }
    return Tensor(TensorType(element, shape), rounding: values)
  }

  // MARK: What is replaced

  /// Declines if the root is what would take its place: a rule that orders operands would never end.
  private func requireChange(
    _ plans: [RulePlan.Line], _ match: RuleMatch, root: OpID, _ graph: Graph
  ) throws(Declined) {
    guard plans.count == 1, case .op(let definition, let operands, _) = plans[0],
      definition.isSame(as: graph.definition(of: root))
    else { return }
    var old = graph.operands(of: root)
    while case .some(.none) = old.last { old.removeLast() }
    var new = operands.map { $0.flatMap { Self.value($0, match, []) } }
    while case .some(.none) = new.last { new.removeLast() }
    if new == old { throw Declined("the replacement is the op itself") }
  }

  /// The root and those other ops of the pattern that nothing else reads, in the pattern's order.
  private static func going(
    _ match: RuleMatch, root: OpID, _ pattern: RulePattern, _ graph: Graph
  ) -> [OpID] {
    var going: [OpID] = [root]
    for number in pattern.order.dropFirst() {
      let values = pattern.ops[number].results.compactMap { match.values[$0].value }
      guard let first = values.first, let id = graph.producer(of: first), !going.contains(id),
        values.allSatisfy({ value in
          !graph.isOutput(value) && graph.uses(of: value).allSatisfy { going.contains($0.user) || isDead($0.user, graph) }
        })
      else { continue }
      going.append(id)
    }
    return going.reversed()
  }

  /// Whether nothing reads an op's results: the driver has not come to it yet.
  private static func isDead(_ op: OpID, _ graph: Graph) -> Bool {
    graph.results(of: op).allSatisfy { !graph.isUsed($0) }
  }
}

/// A reading of a pattern that is accepted, with everything known that takes the root's place.
struct RulePlan {
  /// A line of the replacement with its types and attributes.
  enum Line {
    case constant(name: String, Tensor)
    case op(any OpDefinition, [RuleReplacement.Source?], [TensorType])
  }

  let match: RuleMatch
  let lines: [Line]
}

extension RuleReplacement.Op {
  /// The op with its attributes.
  fileprivate func definition(
    _ match: RuleMatch, _ pattern: RulePattern, _ graph: Graph
  ) throws(Declined) -> any OpDefinition {
    var values: [(field: Int, value: RuleValue)] = []
    for setting in settings {
      values.append((setting.field, try setting.value.evaluate(match, graph)))
    }
    var origin: (any OpDefinition)?
    if let base {
      let value = pattern.ops[base].results.compactMap { match.values[$0].value }.first
      origin = value.flatMap { graph.producer(of: $0) }.map { graph.definition(of: $0) }
    }
    return try template.make(values, base: origin)
  }
}

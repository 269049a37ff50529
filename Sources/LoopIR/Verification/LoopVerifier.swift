// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Checks that a kernel is well formed. What it finds is a bug of the lowering that built it. All of these must hold:
///
/// - operands have the types and lanes that their operator takes; lanes are a power of two;
/// - ids of counters, locals and register arrays are unique in the kernel and used in their scope;
/// - counters stay in their declared range, and so do locals in theirs; unrolled loops have constant bounds;
/// - indices of register arrays are as many as the extents, and inside them;
/// - accesses name a parameter of their element type, are written only if the parameter is, and lie inside the region of the tensor that
///   the parameter stands for, in every iteration of the loops around them;
/// - quotients and remainders are of indices that are never negative.
struct LoopVerifier {
  /// What is known of the buffer of a parameter.
  struct Operand: Hashable {
    /// The elements that belong to the tensor.
    let region: BufferRegion
    /// All values of its elements, where they are constant and integers.
    let values: ClosedRange<Int64>?
  }

  private(set) var findings: [String] = []
  /// What the kernel reads and writes, if nothing was found.
  private(set) var footprint = KernelFootprint()
  private let kernel: Kernel
  private let operands: [Operand]
  private var known: Set<Int> = []
  private var inScope: Set<Int> = []
  private var nest = LoopNest()
  private var localRanges: [Int: ClosedRange<Int64>] = [:]
  /// What branches around say of expressions.
  private var facts: [Expression: ClosedRange<Int64>] = [:]

  /// Checks a kernel on operands, one for each parameter.
  init(_ kernel: Kernel, on operands: [Operand]) {
    self.kernel = kernel
    self.operands = operands
    check(kernel.body)
  }

  private mutating func find(_ message: String) {
    if !findings.contains(message) { findings.append(message) }
  }

  private mutating func bring(_ id: Int, _ name: String) {
    if !known.insert(id).inserted { find("id \(id) of \(name) is taken") }
    inScope.insert(id)
  }

  private mutating func check(_ body: [Statement]) {
    let outside = inScope
    for statement in body { check(statement) }
    inScope = outside
  }

  private mutating func check(_ statement: Statement) {
    switch statement {
    case .note: break
    case .loop(let loop): check(loop)
    case .bind(let local, let value):
      check(value)
      if local.type != value.type { find("\(local.name) is \(local.type), not \(value.type)") }
      checkRange(of: local, value)
      bring(local.id, local.name)
    case .declare(let array, let value):
      check(value)
      if array.type != value.type { find("\(array.name) is \(array.type), not \(value.type)") }
      if array.extents.contains(where: { $0 < 1 }) { find("\(array.name) has an empty extent") }
      bring(array.id, array.name)
    case .set(let array, let indices, let value):
      check(array, indices)
      check(value)
      if array.type != value.type { find("\(array.name) is \(array.type), not \(value.type)") }
    case .store(let access, let value):
      check(value)
      check(access, lanes: value.type.lanes, isWrite: true)
      if value.type.element != access.element.computed {
        find("\(value.type) stored as \(access.element)")
      }
    case .branch(let condition, let first, let second):
      check(condition)
      if condition.type != ValueType(.bool) { find("a branch on \(condition.type)") }
      let before = footprint
      let blocks = [(first, true), (second, false)].map { body, holds in
        footprint = KernelFootprint()
        check(body, where: condition, holds: holds)
        return footprint
      }
      footprint = before
      footprint.addBranch(blocks[0], blocks[1])
    }
  }

  private mutating func checkRange(of local: Local, _ value: Expression) {
    guard local.type.element.isInteger, local.type.lanes == 1 else {
      if local.range != nil { find("\(local.name) has a range but is not an integer") }
      return
    }
    let values = interval(of: value)
    localRanges[local.id] = values
    guard let range = local.range else { return }
    guard let values, values.lowerBound >= range.lowerBound, values.upperBound <= range.upperBound
    else {
      let text = values.map { "\($0.lowerBound)...\($0.upperBound)" } ?? "any value"
      return find("\(local.name) takes \(text), outside \(range)")
    }
  }

  private func interval(of value: Expression) -> ClosedRange<Int64>? {
    IntegerInterval.of(value) { part in
      if !facts.isEmpty, let fact = facts[part] { return fact }
      switch part {
      case .local(let local): return localRanges[local.id]
      case .index(let index, _):
        let range = nest.range(of: index)
        return Int64(range.lowerBound)...Int64(range.upperBound)
      case .load(let access, _):
        return operands.indices.contains(access.parameter) ? operands[access.parameter].values : nil
      default: return nil
      }
    }
  }

  /// Checks a block that runs where a condition holds or does not.
  private mutating func check(_ body: [Statement], where condition: Expression, holds: Bool) {
    let outside = facts
    if let (part, values) = fact(condition, holds: holds) { facts[part] = values }
    check(body)
    facts = outside
  }

  /// What a comparison with a constant says of the other operand.
  private func fact(
    _ condition: Expression, holds: Bool
  ) -> (part: Expression, values: ClosedRange<Int64>)? {
    switch condition {
    case .unary(.logicalNot, let inner): return fact(inner, holds: !holds)
    case .binary(let op, let part, .integer(let value, _)) where part.type.element != .u64:
      guard isLasting(part) else { return nil }
      let all = interval(of: part) ?? Int64.min...Int64.max
      let limits: ClosedRange<Int64>
      switch (op, holds) {
      case (.greaterEqual, true), (.less, false): limits = value...Int64.max
      case (.greater, true) where value < .max, (.lessEqual, false) where value < .max:
        limits = value + 1...Int64.max
      case (.lessEqual, true), (.greater, false): limits = Int64.min...value
      case (.less, true) where value > .min, (.greaterEqual, false) where value > .min:
        limits = Int64.min...value - 1
      default: return nil
      }
      return all.overlaps(limits) ? (part, all.clamped(to: limits)) : nil
    default: return nil
    }
  }

  /// Whether an expression is the same wherever it stands in a block: nothing in it is read from what may be written there.
  private func isLasting(_ expression: Expression) -> Bool {
    var lasts = true
    expression.forEach { part in
      switch part {
      case .register: lasts = false
      case .load(let access, _):
        let parameter = kernel.parameters.indices.contains(access.parameter) ? kernel.parameters[access.parameter] : nil
        if parameter.map({ $0.isWritten || $0.mayAlias }) ?? true { lasts = false }
      default: break
      }
    }
    return lasts
  }

  private mutating func check(_ loop: Loop) {
    let name = loop.variable.name
    for index in loop.lower.indices + loop.upper.indices { check(index) }
    if loop.kind == .unrolled,
      loop.lower.constantValue == nil || loop.upper.constantValue == nil
    {
      find("unrolled loop \(name) has a computed bound")
    }
    let outside = inScope
    nest.enter(loop)
    if let range = nest.levels.last?.range, !loop.variable.range.contains(range) {
      find("\(name) runs over \(range), outside \(loop.variable.range)")
    }
    bring(loop.variable.id, name)
    check(loop.body)
    nest.leave()
    inScope = outside
  }

  private mutating func check(_ index: Index) {
    for term in index.terms {
      switch term.atom {
      case .loop(let variable):
        if !inScope.contains(variable.id) { find("\(variable.name) is used outside its loop") }
      case .local(let local):
        if !inScope.contains(local.id) { find("\(local.name) is used outside its block") }
      case .quotient(let inner, let divisor), .remainder(let inner, let divisor):
        check(inner)
        if divisor < 1 { find("an index is divided by \(divisor)") }
        if !nest.isEmpty, nest.minimum(of: inner) < 0 {
          find("quotient of \(inner), which may be negative")
        }
      }
    }
  }

  private mutating func check(_ array: RegisterArray, _ indices: [Index]) {
    if !inScope.contains(array.id) { find("\(array.name) is used outside its block") }
    guard indices.count == array.extents.count else {
      return find("\(array.name) takes \(array.extents.count) indices, not \(indices.count)")
    }
    for (index, extent) in zip(indices, array.extents) {
      check(index)
      if nest.isEmpty { continue }
      let range = nest.range(of: index)
      if range.lowerBound < 0 || range.upperBound >= extent {
        find("\(array.name)[\(index)] leaves 0..<\(extent)")
      }
    }
  }

  private mutating func check(_ access: Access, lanes: Int, isWrite: Bool) {
    check(access.index)
    guard kernel.parameters.indices.contains(access.parameter) else {
      return find("no parameter \(access.parameter)")
    }
    let parameter = kernel.parameters[access.parameter]
    if access.element != parameter.element {
      find("\(parameter.name) holds \(parameter.element), not \(access.element)")
    }
    if isWrite, !parameter.isWritten { find("\(parameter.name) is written but only read") }
    if nest.isEmpty { return }
    let region = operands[access.parameter].region
    guard let box = region.box(of: access.index, lanes: lanes, in: nest) else {
      let range = nest.range(of: access.index)
      return find(
        "\(parameter.name)[\(access.index)] covers \(range.lowerBound)..<\(range.upperBound + lanes) "
          + "and leaves \(region)")
    }
    if !isWrite {
      footprint.addRead(access, lanes: lanes, box, in: nest)
    } else if region.span <= ElementSet.largestCount,
      let stored = AccessedElements(access.index, lanes: lanes, in: nest)
    {
      footprint.addWrite(access.parameter, stored, span: region.span, mayAlias: parameter.mayAlias)
    }
  }

  private mutating func check(_ expression: Expression) {
    for operand in expression.operands { check(operand) }
    let type = expression.type
    if type.lanes < 1 || type.lanes & (type.lanes - 1) != 0 {
      find("\(type.lanes) lanes are not a power of two")
    }
    if type.element != type.element.computed { find("nothing is computed in \(type.element)") }
    switch expression {
    case .local(let local):
      if !inScope.contains(local.id) { find("\(local.name) is used outside its block") }
    case .register(let array, let indices): check(array, indices)
    case .load(let access, let lanes): check(access, lanes: lanes, isWrite: false)
    case .index(let index, let element):
      check(index)
      if !element.isInteger { find("an index as \(element)") }
    default:
      if let message = expression.typeError { find(message) }
    }
  }
}

extension BufferRegion: CustomStringConvertible {
  /// `0..<64`, or `8 × 16 every 32` for what has gaps.
  var description: String {
    if isEmpty { return "an empty region" }
    if axes.count == 1, axes[0].stride == 1 { return "0..<\(axes[0].count)" }
    return axes.isEmpty
      ? "0..<1" : axes.map { "\($0.count) every \($0.stride)" }.joined(separator: " × ")
  }
}

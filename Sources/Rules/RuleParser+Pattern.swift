// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import GraphIR
import Tensors

// The pattern of a rule.
//
//     hole    ::= ('%' | '@') name ':' type
//     op      ::= '%' name (',' '%' name)* '=' word operands? attributes? (':' type (',' type)*)?
//     operand ::= '%' name '?'? | '@' name | number ('~' tolerance)? | '_'
//     attributes ::= '{' (name '=' (value ('|' value)* | '$' name | '_')) (',' …)* (',' '...')? '}'
extension RuleParser {
  /// The pattern in braces; `start` is where the rule's name stands.
  mutating func readPattern(at start: Int) throws(Failure) {
    try tokens.expect("{")
    var reads: Set<Int> = []
    var offsets: [Int] = []
    while !tokens.take("}") {
      let line = offset
      guard let first = tokens.peek() else {
        throw failure("the pattern of the rule is not closed: expected '}'", at: start)
      }
      guard first == 0x25 || first == 0x40 else {
        throw tokens.failure("expected an op, as in '%y = unary %x', or '}'")
      }
      guard offsets.count < Self.lineLimit else {
        throw tokens.failure("a pattern has at most \(Self.lineLimit) ops")
      }
      if try holeLine() { continue }
      reads.formUnion(try patternOp())
      offsets.append(line)
    }
    guard !pattern.ops.isEmpty else { throw failure("the pattern has no op", at: start) }
    for (op, line) in zip(pattern.ops.dropLast(), offsets)
    where !op.results.contains(where: reads.contains) {
      let name = pattern.values[op.results[0]].name
      throw failure(
        "no op of the pattern reads '%\(name)', so that this op has nothing to do with the last one", at: line,
        notes: ["the last op of a pattern is the one that is replaced; all others must lead to it"])
    }
    pattern.leads = pattern.ops[pattern.root].operands.map { pattern.lead(of: $0) }
    // Every op is read by a later one: from the last to the first, one result is known when its turn comes.
    pattern.order = Array(pattern.ops.indices.reversed())
  }

  /// `%x: float[_, 3, ...]`; returns false, at the start, if the line is no hole.
  private mutating func holeLine() throws(Failure) -> Bool {
    let start = offset
    let isConstant = tokens.peek() == 0x40
    let name = try name(after: isConstant ? "@" : "%")
    guard tokens.take(":") else {
      guard !isConstant else {
        throw tokens.failure("expected ':' and the type of '@\(name)'")
      }
      move(to: start)
      return false
    }
    let slot = try hole(name, isConstant: isConstant, at: start)
    guard pattern.values[slot].type == nil else {
      throw failure("the type of '\(name)' is given twice", at: start)
    }
    if case .result = pattern.values[slot].role {
      throw failure("'%\(name)' is the result of an op: its type stands behind the op", at: start)
    }
    pattern.values[slot].type = try typePattern()
    return true
  }

  /// The tensor that a name of the pattern stands for; a new name is a hole.
  private mutating func hole(
    _ name: String, isConstant: Bool, at start: Int
  ) throws(Failure) -> Int {
    if let slot = values[name] {
      var wasConstant = false
      if case .constant = pattern.values[slot].role { wasConstant = true }
      guard wasConstant == isConstant else {
        throw failure(
          "'\(name)' is '\(wasConstant ? "@" : "%")\(name)' elsewhere: a name stands for one tensor", at: start,
          notes: ["it first stands at \(place(valueOffsets[slot]))"])
      }
      return slot
    }
    values[name] = pattern.values.count
    valueOffsets.append(start)
    pattern.values.append(RulePattern.Value(name: name, role: isConstant ? .constant : .hole))
    return pattern.values.count - 1
  }

  /// An op; returns the tensors that it reads.
  private mutating func patternOp() throws(Failure) -> Set<Int> {
    var names: [(name: String, offset: Int)] = []
    repeat {
      let start = offset
      names.append((try name(after: "%"), start))
    } while tokens.take(",")
    try tokens.expect("=")
    let (kind, start) = try opKind()
    let operands = try patternOperands(kind, at: start)
    var op = try template(of: kind, operands)
    for (position, (name, start)) in names.enumerated() {
      guard values[name] == nil else {
        throw failure(
          "'%\(name)' is defined twice", at: start,
          notes: ["it first stands at \(place(valueOffsets[values[name] ?? 0]))"])
      }
      values[name] = pattern.values.count
      valueOffsets.append(start)
      op.results.append(pattern.values.count)
      pattern.values.append(
        RulePattern.Value(name: name, role: .result(op: pattern.ops.count, position: position)))
    }
    if tokens.take(":") {
      var position = 0
      repeat {
        guard position < names.count else { throw tokens.failure("there are more types than results") }
        pattern.values[op.results[position]].type = try typePattern()
        position += 1
      } while tokens.take(",")
    }
    op.reasons = reasons(op, kind, name: names[0].name)
    pattern.ops.append(op)
    return Set(operands.compactMap { if case .value(let slot) = $0 { slot } else { nil } })
  }

  /// The kind of op that a mnemonic names.
  mutating func opKind() throws(Failure) -> (kind: any OpDefinition.Type, offset: Int) {
    let start = offset
    let word = try tokens.word()
    guard let kind = ops[word] else {
      throw failure(
        "there is no op '\(word)'", at: start,
        notes: Spelling.notes(for: word, among: ops.kinds.map { $0.name }))
    }
    return (kind, start)
  }

  private mutating func patternOperands<Op: OpDefinition>(
    _ kind: Op.Type, at start: Int
  ) throws(Failure) -> [RulePattern.Operand] {
    var operands: [RulePattern.Operand] = []
    if let first = peekOnLine(), Self.startsOperand(first) {
      repeat { operands.append(try patternOperand()) } while tokens.take(",")
    }
    try checkCount(operands.count, of: kind, at: start)
    for (operand, name) in zip(operands, Op.Operand.allCases) {
      guard case .absent = operand, !Op.optionalOperands.contains(name) else { continue }
      throw failure("operand '\(name)' of \(Op.name) is never absent", at: start)
    }
    return operands
  }

  private static func startsOperand(_ c: UInt8) -> Bool {
    [0x25, 0x40, 0x5F, 0x2D, 0x2E].contains(c) || c >= 0x30 && c <= 0x39 || (c | 0x20) == 0x69
  }

  /// Refuses more operands than the kind takes, or fewer than it must have.
  func checkCount<Op: OpDefinition>(
    _ count: Int, of kind: Op.Type, at start: Int
  ) throws(Failure) {
    let names = Array(Op.Operand.allCases)
    guard Op.variadicOperand != nil || count <= names.count else {
      throw failure("\(Op.name) takes at most \(names.count) operands, not \(count)", at: start)
    }
    if let missing = names.dropFirst(count).first(where: { !Op.optionalOperands.contains($0) }) {
      throw failure("operand '\(missing)' of \(Op.name) is missing", at: start)
    }
  }

  private mutating func patternOperand() throws(Failure) -> RulePattern.Operand {
    let start = offset
    switch tokens.peek() {
    case 0x25:
      let slot = try hole(try name(after: "%"), isConstant: false, at: start)
      if peekOnLine() == 0x3F, tokens.take("?") {
        guard case .hole = pattern.values[slot].role else {
          throw failure("'%\(pattern.values[slot].name)' is the result of an op and never absent", at: start)
        }
        pattern.values[slot].isOptional = true
      }
      return .value(slot)
    case 0x40: return .value(try hole(try name(after: "@"), isConstant: true, at: start))
    case 0x5F:
      guard takeWord("_") else { throw tokens.failure("expected '%value', '@constant', a number or '_'") }
      return .absent
    default:
      let number = try tokens.number()
      guard !number.isNaN, abs(number) < 0x1p53 || number.isInfinite else {
        throw failure("a number of a pattern is less than 2^53, or inf", at: start)
      }
      guard tokens.take("~") else { return .number(number, tolerance: 0) }
      let place = offset
      let tolerance = try tokens.number()
      guard tolerance >= 0 else { throw failure("a tolerance is not negative", at: place) }
      return .number(number, tolerance: tolerance)
    }
  }

  /// The attributes in braces. What is not mentioned has its default, unless `...` stands at the end.
  private mutating func template<Op: OpDefinition>(
    of kind: Op.Type, _ operands: [RulePattern.Operand]
  ) throws(Failure) -> RulePattern.Op {
    var template = TypedTemplate<Op>()
    var holes: [(field: Int, slot: Int)] = []
    var seen: Set<Int> = []
    var isOpen = false
    if peekOnLine() == 0x7B, tokens.take("{"), !tokens.take("}") {
      repeat {
        if tokens.take("...") {
          isOpen = true
          break
        }
        let field = try attributeName(kind, &seen)
        try tokens.expect("=")
        if tokens.peek() == 0x24 {
          let start = offset
          let name = try name(after: "$")
          holes.append((field, try attributeHole(name, RuleKind(of: Op.fields[field].valueType), at: start)))
        } else if !takeWord("_") {
          var choices: [Op] = []
          repeat {
            var choice = Op()
            try Op.fields[field].parse(&choice, &tokens)
            choices.append(choice)
          } while tokens.take("|")
          template.fix(field, choices)
        }
      } while tokens.take(",")
      try tokens.expect("}")
    }
    if !isOpen {
      for field in Op.fields.indices where !seen.contains(field) { template.fix(field, [Op()]) }
    }
    return RulePattern.Op(
      template: template, operands: operands, results: [], holes: holes,
      reasons: RulePattern.Op.Reasons(kind: "", attributes: [], operands: ""))
  }

  /// The number of the field that a name means.
  mutating func attributeName<Op: OpDefinition>(
    _ kind: Op.Type, _ seen: inout Set<Int>
  ) throws(Failure) -> Int {
    let start = offset
    let name = try tokens.word()
    guard let field = Op.fields.firstIndex(where: { $0.name == name }) else {
      throw failure(
        "\(Op.name) has no attribute '\(name)'", at: start,
        notes: Spelling.notes(for: name, among: Op.fields.map(\.name)))
    }
    guard seen.insert(field).inserted else {
      throw failure("the attribute '\(name)' is given twice", at: start)
    }
    return field
  }

  /// The hole of a name, which is of one kind wherever it stands.
  mutating func attributeHole(
    _ name: String, _ kind: RuleKind, at start: Int
  ) throws(Failure) -> Int {
    guard let slot = attributes[name] else {
      attributes[name] = pattern.attributes.count
      attributeOffsets.append(start)
      pattern.attributes.append(RulePattern.Attribute(name: name, kind: kind))
      return pattern.attributes.count - 1
    }
    let known = pattern.attributes[slot].kind
    guard known.compares(with: kind) else {
      throw failure(
        "'$\(name)' is \(kind.text) here and \(known.text) elsewhere", at: start,
        notes: ["it first stands at \(place(attributeOffsets[slot]))"])
    }
    return slot
  }

  private func reasons<Op: OpDefinition>(
    _ op: RulePattern.Op, _ kind: Op.Type, name: String
  ) -> RulePattern.Op.Reasons {
    RulePattern.Op.Reasons(
      kind: "%\(name) is not the result of \(Op.name)",
      attributes: Op.fields.map { "'\($0.name)' of %\(name) is another" },
      operands: "the operands of %\(name) are others")
  }
}
